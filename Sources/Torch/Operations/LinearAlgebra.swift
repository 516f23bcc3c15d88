private let matmulOperator = Operator("aten::matmul")
private let linearOperator = Operator("aten::linear")
private let addmmOperator = Operator("aten::addmm")
private let eighOperator = Operator("aten::linalg_eigh")
private let eigvalshOperator = Operator("aten::linalg_eigvalsh")
private let pinvOperator = Operator("aten::linalg_pinv")

extension Tensor {
  /// Matrix product over the last two axes, broadcast over the others.
  public func matmul(_ other: Tensor) -> Tensor { matmulOperator(.tensor(self), .tensor(other)) }

  /// `self · weightᵀ + bias` over the last axis; `weight` is `[out, in]`.
  public func linear(_ weight: Tensor, _ bias: Tensor? = nil) -> Tensor {
    linearOperator(.tensor(self), .tensor(weight), .optional(bias))
  }

  /// `self + a · b`, where `self` broadcasts.
  public func addmm(_ a: Tensor, _ b: Tensor) -> Tensor {
    addmmOperator(.tensor(self), .tensor(a), .tensor(b))
  }

  /// Eigenvalues (ascending) and eigenvectors (columns) of a symmetric matrix.
  public var symmetricEigen: (values: Tensor, vectors: Tensor) {
    let results = eighOperator.tensors(.tensor(self), count: 2)
    return (results[0], results[1])
  }
  public var symmetricEigenvalues: Tensor { eigvalshOperator(.tensor(self)) }
  public var pseudoInverse: Tensor { pinvOperator(.tensor(self)) }
}
