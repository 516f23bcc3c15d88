internal import Foundation

/// How long something took, run after run.
public struct Timing: Sendable, Encodable {
  public let runs: Int
  /// Seconds.
  public let median: Double
  public let percentile90: Double

  enum CodingKeys: String, CodingKey {
    case runs, median
    case percentile90 = "p90"
  }

  /// - Parameter durations: seconds, at least one.
  public init(_ durations: [Double]) {
    let sorted = durations.sorted()
    runs = sorted.count
    median = (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
    percentile90 = sorted[min(sorted.count - 1, Int((Double(sorted.count) * 0.9).rounded(.up)) - 1)]
  }

  /// Runs `body` once to warm up, then at least `runs` times and for at least `seconds`.
  /// - Parameter between: runs before each measured run, unmeasured.
  public static func measure(
    runs: Int = 5, seconds: Double = 1, between: () throws -> Void = {}, _ body: () throws -> Void
  ) rethrows -> Timing {
    let clock = ContinuousClock()
    try body()
    var durations: [Double] = []
    let start = clock.now
    while durations.count < runs || start.duration(to: clock.now).seconds < seconds {
      try between()
      durations.append(try clock.measure(body).seconds)
    }
    return Timing(durations)
  }
}

extension Duration {
  var seconds: Double { self / .seconds(1) }
}
