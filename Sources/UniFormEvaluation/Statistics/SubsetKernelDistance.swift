public import Torch

/// The kernel distance as the mean over random subsets (Bińkowski et al. 2018).
public struct SubsetKernelDistance: Sendable, Equatable {
  public var kernel = KernelDistance()
  public var subsets = 100
  /// Vectors of a subset at most; fewer where a set is smaller.
  public var size = 1000
  /// Of the numpy-compatible generator that draws the subsets.
  public var seed: UInt32 = 2020

  public init() {}

  /// Of features `[N, D]` and `[M, D]`, not scaled.
  public func between(_ a: Tensor, _ b: Tensor) throws(EvaluationError) -> (mean: Double, deviation: Double) {
    let (x, y) = (try checkedFeatures(a, atLeast: 2), try checkedFeatures(b, atLeast: 2))
    let count = min(size, x.size(0), y.size(0))
    var random = MersenneTwister(seed: seed)
    var values: [Double] = []
    for _ in 0..<subsets {
      let left = Tensor(Array(random.permutation(x.size(0)).prefix(count)))
      let right = Tensor(Array(random.permutation(y.size(0)).prefix(count)))
      values.append(try kernel.between(x.indexed(0, by: left), y.indexed(0, by: right)))
    }
    let mean = values.reduce(0, +) / Double(values.count)
    let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)
    return (mean, variance.squareRoot())
  }
}
