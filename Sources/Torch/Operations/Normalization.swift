private let layerNormOperator = Operator("aten::layer_norm")
private let groupNormOperator = Operator("aten::group_norm")
private let rmsNormOperator = Operator("aten::rms_norm")

extension Tensor {
  /// Normalises the last `shape.count` axes; statistics are taken in float32 whatever the dtype.
  public func layerNorm(
    _ shape: [Int], weight: Tensor? = nil, bias: Tensor? = nil, epsilon: Double = 1e-5
  ) -> Tensor {
    layerNormOperator(
      .tensor(self), .ints(shape), .optional(weight), .optional(bias), .double(epsilon), .bool(false))
  }

  /// Normalises groups of channels (axis 1).
  public func groupNorm(groups: Int, weight: Tensor, bias: Tensor, epsilon: Double = 1e-5) -> Tensor {
    groupNormOperator(
      .tensor(self), .int(groups), .tensor(weight), .tensor(bias), .double(epsilon), .bool(false))
  }

  /// `x · rsqrt(mean(x²) + epsilon) · weight` over the last axis.
  public func rmsNorm(weight: Tensor, epsilon: Double) -> Tensor {
    rmsNormOperator(.tensor(self), .ints(weight.shape), .tensor(weight), .double(epsilon))
  }
}
