internal import Foundation

/// How often, and after which pauses, a request is repeated that failed for a passing reason: a connection that
/// broke, status 408, 429 or 5xx.
public struct RetryPolicy: Sendable {
  /// In a row, without a byte of progress between them.
  public var attempts: Int
  /// Seconds before the second attempt; each later pause is twice as long.
  public var firstPause: Double
  /// The longest pause, in seconds. A hub that asks for more (`Retry-After`) is not waited for.
  public var longestPause: Double

  public init(attempts: Int = 5, firstPause: Double = 0.5, longestPause: Double = 120) {
    self.attempts = attempts
    self.firstPause = firstPause
    self.longestPause = longestPause
  }

  /// - Parameters:
  ///   - failures: how many there were in a row, from 1.
  ///   - retryAfter: what the hub asked for, in seconds.
  /// - Returns: seconds to wait, or nil to give up.
  func pause(after failures: Int, retryAfter: Double?) -> Double? {
    guard failures < attempts else { return nil }
    if let retryAfter { return retryAfter <= longestPause ? retryAfter : nil }
    // Spread a little, so that parallel requests do not come back all at once.
    return min(longestPause, firstPause * pow(2, Double(failures - 1)) * .random(in: 1...1.25))
  }
}
