private let conv1dOperator = Operator("aten::conv1d")
private let conv2dOperator = Operator("aten::conv2d")
private let conv3dOperator = Operator("aten::conv3d")
private let convTranspose1dOperator = Operator("aten::conv_transpose1d")
private let convTranspose2dOperator = Operator("aten::conv_transpose2d.input")

extension Tensor {
  /// `[B, C, L]` with weight `[O, C/groups, K]`.
  public func conv1d(
    _ weight: Tensor, _ bias: Tensor? = nil, stride: Int = 1, padding: Int = 0, dilation: Int = 1,
    groups: Int = 1
  ) -> Tensor {
    conv1dOperator(
      .tensor(self), .tensor(weight), .optional(bias), .ints([stride]), .ints([padding]), .ints([dilation]),
      .int(groups))
  }

  /// `[B, C, H, W]` with weight `[O, C/groups, kH, kW]`.
  public func conv2d(
    _ weight: Tensor, _ bias: Tensor? = nil, stride: [Int] = [1, 1], padding: [Int] = [0, 0],
    dilation: [Int] = [1, 1], groups: Int = 1
  ) -> Tensor {
    conv2dOperator(
      .tensor(self), .tensor(weight), .optional(bias), .ints(stride), .ints(padding), .ints(dilation),
      .int(groups))
  }

  /// `[B, C, T, H, W]` with weight `[O, C, kT, kH, kW]`.
  public func conv3d(
    _ weight: Tensor, _ bias: Tensor? = nil, stride: [Int] = [1, 1, 1], padding: [Int] = [0, 0, 0]
  ) -> Tensor {
    conv3dOperator(.tensor(self), .tensor(weight), .optional(bias), .ints(stride), .ints(padding))
  }

  /// `[B, C, L]` with weight `[C, O, K]`: length `(L − 1)·stride − 2·padding + K`.
  public func convTranspose1d(
    _ weight: Tensor, _ bias: Tensor? = nil, stride: Int = 1, padding: Int = 0
  ) -> Tensor {
    convTranspose1dOperator(
      .tensor(self), .tensor(weight), .optional(bias), .ints([stride]), .ints([padding]))
  }

  /// `[B, C, H, W]` with weight `[C, O, kH, kW]`: lengths `(L − 1)·stride − 2·padding + k`.
  public func convTranspose2d(
    _ weight: Tensor, _ bias: Tensor? = nil, stride: [Int] = [1, 1], padding: [Int] = [0, 0]
  ) -> Tensor {
    convTranspose2dOperator(
      .tensor(self), .tensor(weight), .optional(bias), .ints(stride), .ints(padding))
  }
}
