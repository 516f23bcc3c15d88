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

  /// Repeats `attempt` while it throws ``PassingFailure``.
  ///
  /// - Parameter amount: of what is there already: where it grew, the failures are counted anew.
  /// - Throws: the error of the last attempt, and whatever else `attempt` throws at once.
  package func run<Result>(
    amount: () -> Int = { 0 }, _ attempt: () async throws -> Result
  ) async throws -> Result {
    var failures = 0
    while true {
      let before = amount()
      do {
        return try await attempt()
      } catch let failure as PassingFailure {
        failures = amount() > before ? 1 : failures + 1
        guard let pause = pause(after: failures, retryAfter: failure.retryAfter) else { throw failure.error }
        try await Task.sleep(for: .seconds(pause))
      }
    }
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

/// Worth another attempt, unless there were too many.
package struct PassingFailure: Error {
  /// What is thrown then.
  package let error: any Error
  /// Seconds that the server asked to wait.
  package let retryAfter: Double?

  package init(_ error: any Error, retryAfter: Double? = nil) {
    self.error = error
    self.retryAfter = retryAfter
  }
}
