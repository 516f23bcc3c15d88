private let mseOperator = Operator("aten::mse_loss")
private let l1Operator = Operator("aten::l1_loss")
private let crossEntropyOperator = Operator("aten::cross_entropy_loss")
private let binaryCrossEntropyOperator = Operator("aten::binary_cross_entropy_with_logits")

extension Tensor {
  /// Means over all elements.
  public func meanSquaredError(_ target: Tensor) -> Tensor { mseOperator(.tensor(self), .tensor(target)) }
  public func meanAbsoluteError(_ target: Tensor) -> Tensor { l1Operator(.tensor(self), .tensor(target)) }
  /// Logits `[B, classes]` against integer labels `[B]`.
  public func crossEntropy(_ labels: Tensor) -> Tensor {
    crossEntropyOperator(.tensor(self), .tensor(labels))
  }
  public func binaryCrossEntropy(_ targets: Tensor, positiveWeight: Tensor? = nil) -> Tensor {
    binaryCrossEntropyOperator(.tensor(self), .tensor(targets), .none, .optional(positiveWeight))
  }
}
