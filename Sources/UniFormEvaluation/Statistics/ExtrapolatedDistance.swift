public import Torch

/// The Fréchet distance of an endless generated set (Chong and Forsyth 2020): distances of samples of growing size, fitted as a line in
/// one over their size, whose intercept has no bias of a small set. The reference is what it is, with its own share of the bias.
///
/// Samples are drawn without replacement. With it, as in fadtk's FAD∞, they hold fewer vectors than they count, and nothing of the
/// bias goes.
public struct ExtrapolatedDistance: Sendable, Equatable {
  public var steps = 25
  public var seed: UInt32 = 2020

  public init() {}

  public struct Estimate: Sendable, Equatable {
    public let distance: Double
    /// How well the line fits, at most 1.
    public let determination: Double
  }

  /// Vectors of this width that it takes. Samples begin with half of them: smaller ones would not lie on the line, and of fewer
  /// in all the line would be too short to tell where it leads.
  public static func fewest(width: Int) -> Int { max(1000, 4 * width) }

  /// - Parameters:
  ///   - sampled: `[N, D]`.
  ///   - reference: of the other set.
  public func between(
    _ sampled: Tensor, _ reference: FeatureStatistics
  ) throws(EvaluationError) -> Estimate {
    let fewest = Self.fewest(width: reference.mean.count)
    let x = try checkedFeatures(sampled, atLeast: fewest)
    let count = x.size(0)
    var random = MersenneTwister(seed: seed)
    var points: [(x: Double, y: Double)] = []
    for step in 0..<steps {
      let size = fewest / 2 + (count - fewest / 2) * step / max(steps - 1, 1)
      let rows = Array(random.permutation(count).prefix(size))
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
