private let embeddingOperator = Operator("aten::embedding")

extension Tensor {
  /// Rows of `self` `[vocabulary, D]` picked by integer ids of any shape.
  public func embedding(_ ids: Tensor) -> Tensor { embeddingOperator(.tensor(self), .tensor(ids)) }
}
