private let attentionOperator = Operator("aten::scaled_dot_product_attention")

extension Tensor {
  /// libtorch's fused attention; `query`, `key`, `value` are `[B, heads, L, d]`, `mask` is added to the scores.
  /// The scale is `1/√d`.
  public static func fusedAttention(query: Tensor, key: Tensor, value: Tensor, mask: Tensor? = nil) -> Tensor
  {
    attentionOperator(.tensor(query), .tensor(key), .tensor(value), .optional(mask))
  }
}
