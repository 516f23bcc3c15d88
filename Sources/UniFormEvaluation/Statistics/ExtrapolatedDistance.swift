public import Torch

/// The Fréchet distance of ever larger sets (FAD∞): distances of growing samples, fitted as a line in one over their
/// size, whose intercept has no bias of small sets.
public struct ExtrapolatedDistance: Sendable, Equatable {
  public var steps = 25
  public var smallest = 500
  public var seed: UInt32 = 2020

  public init() {}

  public struct Estimate: Sendable, Equatable {
    public let distance: Double
    /// How well the line fits, at most 1.
    public let determination: Double
  }

  /// - Parameters:
  ///   - sampled: `[N, D]`, drawn from with replacement; more than ``smallest`` vectors.
  ///   - reference: of the other set.
  public func between(
    _ sampled: Tensor, _ reference: FeatureStatistics
  ) throws(EvaluationError) -> Estimate {
    let x = try checkedFeatures(sampled, atLeast: smallest + 1)
    let count = x.size(0)
    var random = MersenneTwister(seed: seed)
    var points: [(x: Double, y: Double)] = []
    for step in 0..<steps {
      let size = smallest + (count - smallest) * step / max(steps - 1, 1)
      let rows = (0..<size).map { _ in Int(random.interval(UInt32(count - 1))) }
      let distance = try FrechetDistance.between(
        FeatureStatistics(x.indexed(0, by: Tensor(rows))), reference)
      points.append((1 / Double(size), distance))
    }
    let meanX = points.reduce(0) { $0 + $1.x } / Double(steps)
    let meanY = points.reduce(0) { $0 + $1.y } / Double(steps)
    let xy = points.reduce(0) { $0 + ($1.x - meanX) * ($1.y - meanY) }
    let xx = points.reduce(0) { $0 + ($1.x - meanX) * ($1.x - meanX) }
    let yy = points.reduce(0) { $0 + ($1.y - meanY) * ($1.y - meanY) }
    let slope = xx > 0 ? xy / xx : 0
    return Estimate(
      distance: meanY - slope * meanX, determination: xx > 0 && yy > 0 ? xy * xy / (xx * yy) : 1)
  }
}
