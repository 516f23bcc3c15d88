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
    return withinSet(x) + withinSet(y) - 2 * sum(x, y) / (Double(x.size(0)) * Double(y.size(0)))
  }

  /// The mean over all pairs of two different vectors.
  private func withinSet(_ x: Tensor) -> Double {
    let count = Double(x.size(0))
    let same = kernel(x.squared.sum([1]), width: x.size(1)).sum.item
    return (sum(x, x) - same) / (count * (count - 1))
  }

  /// Over all pairs, a block of rows at a time: the kernel of two large sets as a whole would not fit into memory.
  private func sum(_ x: Tensor, _ y: Tensor) -> Double {
    let rows = max(1, Self.blockSize / y.size(0))
    let columns = y.transposed(0, 1)  // [D, M]
    var total = 0.0
    for start in stride(from: 0, to: x.size(0), by: rows) {
      let block = x.narrowed(0, start: start, length: min(rows, x.size(0) - start))  // [rows, D]
      total += kernel(block.matmul(columns), width: x.size(1)).sum.item
    }
    return total
  }

  /// Values of the kernel that are held at once.
  static let blockSize = 1 << 22

  private func kernel(_ products: Tensor, width: Int) -> Tensor {
    (products * (gamma ?? 1 / Double(width)) + constant).pow(Double(degree))
  }
}
