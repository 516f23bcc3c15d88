public import Torch

/// The Fréchet distance between the Gaussians of two sets of features:
/// `‖μ₁ − μ₂‖² + tr Σ₁ + tr Σ₂ − 2 tr (Σ₁Σ₂)^½`.
///
/// The trace is that of `(Σ₁^½ Σ₂ Σ₁^½)^½`, which is symmetric: two eigendecompositions give it without complex numbers,
/// also where the covariances are singular, as with fewer vectors than dimensions.
public enum FrechetDistance {
  public static func between(
    _ a: FeatureStatistics, _ b: FeatureStatistics
  ) throws(EvaluationError) -> Double {
    guard a.mean.count == b.mean.count else { throw .widthsDiffer(a.mean.count, b.mean.count) }
    let (values, vectors) = a.covariance.symmetricEigen
    // What is below zero is rounding.
    let root = (vectors * values.clamp(min: 0).sqrt).matmul(vectors.transposed(0, 1))  // [D, D]
    let product = root.matmul(b.covariance).matmul(root)  // [D, D]
    let symmetric = (product + product.transposed(0, 1)) / 2
    guard symmetric.isFinite.allTrue else { throw .notFinite }
    let crossTrace = symmetric.symmetricEigenvalues.clamp(min: 0).sqrt.sum.item
    let traces = trace(a.covariance) + trace(b.covariance)
    let distance = (a.mean - b.mean).squared.sum.item + traces - 2 * crossTrace
    // Rounding grows with what is subtracted; most where the covariances are singular, 2e-7 of it or so.
    guard distance > -max(1e-3, 1e-6 * traces) else { throw .negativeDistance(distance) }
    return max(distance, 0)
  }

  /// Between features `[N, D]` and `[M, D]`, with covariances of N − 1 and M − 1.
  public static func between(_ a: Tensor, _ b: Tensor) throws(EvaluationError) -> Double {
    try between(FeatureStatistics(a), FeatureStatistics(b))
  }

  private static func trace(_ matrix: Tensor) -> Double {
    matrix.flattened().sliced(0, from: 0, to: matrix.count, step: matrix.size(0) + 1).sum.item
  }
}
