public import Torch

/// The squared maximum mean discrepancy of two sets of features under a polynomial kernel
/// `k(x, y) = (γ x·y + c)^d`, in float64; its unbiased estimate may be below zero.
public struct KernelDistance: Sendable, Equatable {
  public var degree: Int
  /// Nil means one over the width of the features.
  public var gamma: Double?
  public var constant: Double

  public init(degree: Int = 3, gamma: Double? = nil, constant: Double = 1) {
    self.degree = degree
    self.gamma = gamma
    self.constant = constant
  }

  /// Over the full sets `[N, D]` and `[M, D]`, without subsets and not scaled. Each set needs two vectors.
  public func between(_ a: Tensor, _ b: Tensor) throws(EvaluationError) -> Double {
    let (x, y) = (try checkedFeatures(a, atLeast: 2), try checkedFeatures(b, atLeast: 2))
    guard x.size(1) == y.size(1) else { throw .widthsDiffer(x.size(1), y.size(1)) }
    return withinSet(x) + withinSet(y) - 2 * kernel(x.matmul(y.transposed(0, 1)), width: x.size(1)).mean.item
  }

  /// The mean over all pairs of two different vectors.
  private func withinSet(_ x: Tensor) -> Double {
    let (count, width) = (Double(x.size(0)), x.size(1))
    let all = kernel(x.matmul(x.transposed(0, 1)), width: width).sum.item
    let same = kernel(x.squared.sum([1]), width: width).sum.item
    return (all - same) / (count * (count - 1))
  }

  private func kernel(_ products: Tensor, width: Int) -> Tensor {
    (products * (gamma ?? 1 / Double(width)) + constant).pow(Double(degree))
  }
}
