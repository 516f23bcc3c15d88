public import Torch

/// Mean and covariance of a set of feature vectors, in float64.
public struct FeatureStatistics {
  /// `[D]`
  public let mean: Tensor
  /// `[D, D]`
  public let covariance: Tensor
  /// Vectors N in the set.
  public let count: Int

  /// - Parameters:
  ///   - features: `[N, D]`, one vector per row, of any floating type.
  ///   - correction: what is subtracted from N in the covariance: 1 as in most implementations, 0 as in StyleGAN-V's.
  /// - Throws: ``EvaluationError`` for too few vectors, and for values that are not finite, or too large to square.
  public init(_ features: Tensor, correction: Int = 1) throws(EvaluationError) {
    let x = try checkedFeatures(features, atLeast: correction + 1)  // [N, D]
    count = x.size(0)
    mean = x.mean([0])
    let centered = x - mean  // [N, D]
    covariance = centered.transposed(0, 1).matmul(centered) / Double(count - correction)  // [D, D]
    guard covariance.isFinite.allTrue else { throw .notFinite }
  }
}

/// Feature vectors as `[N, D]` in float64 on the CPU: distances of large sets lose too much in less.
func checkedFeatures(_ features: Tensor, atLeast count: Int) throws(EvaluationError) -> Tensor {
  guard features.rank == 2, features.size(1) > 0 else { throw .notFeatures(shape: features.shape) }
  guard features.size(0) >= max(count, 1) else {
    throw .tooFew(found: features.size(0), needed: max(count, 1))
  }
  let x = features.to(.cpu).to(.float64)
  guard x.isFinite.allTrue else { throw .notFinite }
  return x
}
