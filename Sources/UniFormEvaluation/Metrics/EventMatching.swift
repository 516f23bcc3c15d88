/// How well two lists of moments agree: F1 of a one-to-one match within a tolerance.
public struct EventMatching: Sendable, Equatable {
  /// Pairs that lie within the tolerance.
  public let hits: Int
  public let foundCount: Int
  public let trueCount: Int

  /// As many pairs as possible: in lists in order of time, the earliest partner that is left never costs another pair.
  /// - Parameter tolerance: seconds, the limit included.
  public init(found: [Double], truth: [Double], tolerance: Double) {
    let (a, b) = (found.sorted(), truth.sorted())
    var (i, j, hits) = (0, 0, 0)
    while i < a.count && j < b.count {
      // Times are sums of frame lengths; a hair of rounding must not decide.
      if abs(a[i] - b[j]) <= tolerance + 1e-9 {
        hits += 1
        i += 1
        j += 1
      } else if a[i] < b[j] {
        i += 1
      } else {
        j += 1
      }
    }
    self.hits = hits
    foundCount = found.count
    trueCount = truth.count
  }

  public init(hits: Int, foundCount: Int, trueCount: Int) {
    self.hits = hits
    self.foundCount = foundCount
    self.trueCount = trueCount
  }

  /// 1 where nothing happens and nothing was found.
  public var f1: Double {
    foundCount + trueCount == 0 ? 1 : 2 * Double(hits) / Double(foundCount + trueCount)
  }

  /// The tolerances of the curve, in seconds.
  public static let tolerances = [0.04, 0.06, 0.08, 0.1, 0.12, 0.14, 0.16, 0.18, 0.2]
}
