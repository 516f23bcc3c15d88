private let conv1dOperator = Operator("aten::conv1d")
private let conv2dOperator = Operator("aten::conv2d")
private let conv3dOperator = Operator("aten::conv3d")
private let convTranspose1dOperator = Operator("aten::conv_transpose1d")
private let convTranspose2dOperator = Operator("aten::conv_transpose2d.input")
private let upsampleNearest2dOperator = Operator("aten::upsample_nearest2d.vec")
private let averagePool2dOperator = Operator("aten::avg_pool2d")
private let averagePool1dOperator = Operator("aten::avg_pool1d")
private let maximumPool2dOperator = Operator("aten::max_pool2d")
private let interpolateBilinearOperator = Operator("aten::_upsample_bilinear2d_aa.vec")

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

  /// Nearest-neighbour enlargement of the last two axes by whole factors.
  public func upsampledNearest(_ factors: [Int]) -> Tensor {
    upsampleNearest2dOperator(.tensor(self), .none, .doubles(factors.map(Double.init)))
  }

  /// Antialiased bilinear resize of `[B, C, H, W]`.
  public func resizedBilinear(height: Int, width: Int) -> Tensor {
    interpolateBilinearOperator(.tensor(self), .ints([height, width]), .bool(false), .none)
  }

  public func averagePool2d(_ kernel: [Int], stride: [Int]? = nil) -> Tensor {
    averagePool2dOperator(.tensor(self), .ints(kernel), .ints(stride ?? kernel))
  }

  public func averagePool1d(_ kernel: Int, stride: Int? = nil, padding: Int = 0) -> Tensor {
    averagePool1dOperator(.tensor(self), .ints([kernel]), .ints([stride ?? kernel]), .ints([padding]))
  }

  public func maximumPool2d(_ kernel: [Int], stride: [Int]? = nil) -> Tensor {
    maximumPool2dOperator(.tensor(self), .ints(kernel), .ints(stride ?? kernel))
  }
}
