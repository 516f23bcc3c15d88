private let foreachNorm = Operator("aten::_foreach_norm.Scalar")
private let foreachMul = Operator("aten::_foreach_mul_.Tensor")
private let vectorNorm = Operator("aten::linalg_vector_norm")

extension [ParameterStore.Entry] {
  /// Scales all gradients down where their global 2-norm exceeds `maximum`; returns the norm before.
  @discardableResult public func clipGradients(maximum: Double) -> Double {
    withoutGradient {
      let gradients = compactMap(\.tensor.gradient)
      guard !gradients.isEmpty else { return 0 }
      let norms = foreachNorm.list(.tensors(gradients), .int(2))
      let total = vectorNorm(.tensor(Tensor.stack(norms)), .int(2))
      let norm = total.item
      if norm > maximum {
        foreachMul.run(
          .tensors(gradients), .tensor(Tensor(Float(maximum / (norm + 1e-6)), device: total.device)))
      }
      return norm
    }
  }
}
