internal import Foundation
public import Torch

/// How sure and how varied a classifier's opinions are: exp of the mean divergence of each opinion from the mean opinion,
/// averaged over splits of the set.
public struct InceptionScore: Sendable, Equatable {
  public enum Shuffle: Sendable, Equatable {
    case none
    /// `numpy.random.RandomState(seed).permutation`.
    case numpy(seed: UInt32)
  }

  public var splits: Int
  public var shuffle: Shuffle

  /// By default as audioldm_eval and av-benchmark take it: ten splits, shuffled with seed 2020.
  public init(splits: Int = 10, shuffle: Shuffle = .numpy(seed: 2020)) {
    precondition(splits > 0, "a score needs a split")
    self.splits = splits
    self.shuffle = shuffle
  }

  /// Over logits `[N, classes]`, at least one vector per split.
  /// - Returns: mean and population deviation over the splits, both from 1 on and 0 on.
  public func callAsFunction(_ logits: Tensor) throws(EvaluationError) -> (mean: Double, deviation: Double) {
    var x = try checkedFeatures(logits, atLeast: splits)
    let count = x.size(0)
    if case .numpy(let seed) = shuffle {
      var random = MersenneTwister(seed: seed)
      x = x.indexed(0, by: Tensor(random.permutation(count)))
    }
    let logProbabilities = x.logSoftmax(1)  // [N, C]
    let scores = (0..<splits).map { split in
      let (start, end) = (split * count / splits, (split + 1) * count / splits)
      let part = logProbabilities.narrowed(0, start: start, length: end - start)
      let probabilities = part.exp
      // Zero times the logarithm of zero is zero.
      let marginal = probabilities.mean([0], keepingAxes: true)
      let divergence = (probabilities * (part - marginal.clamp(min: 1e-300).log)).sum([1])
      return exp(divergence.mean.item)
    }
    let mean = scores.reduce(0, +) / Double(splits)
    let variance = scores.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(splits)
    return (mean, variance.squareRoot())
  }
}
