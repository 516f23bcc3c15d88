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

  /// Runs `body` at least `runs` times and for at least `seconds`.
  ///
  /// - Parameters:
  ///   - first: seconds of a run that warmed up; it counts where it took more than 5 s, which no warmth would change.
  ///   - between: runs unmeasured, so often as there are runs at least, spread over them: it may take far longer than they.
  public static func measure(
    first: Double, runs: Int = 5, seconds: Double = 1, between: () throws -> Void = {},
    _ body: () throws -> Void
  ) rethrows -> Timing {
    let clock = ContinuousClock()
    var durations = first > 5 ? [first] : []
    if !durations.isEmpty { try between() }
    let share = seconds / Double(max(runs, 1))
    var sinceLast = share
    while durations.count < runs || durations.reduce(0, +) < seconds {
      if durations.count < runs || sinceLast >= share {
        try between()
        sinceLast = 0
      }
      let duration = try clock.measure(body).seconds
      durations.append(duration)
      sinceLast += duration
    }
    return Timing(durations)
  }
}

extension Duration {
  var seconds: Double { self / .seconds(1) }
}
