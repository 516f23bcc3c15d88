private let averagePool1dOperator = Operator("aten::avg_pool1d")
private let averagePool2dOperator = Operator("aten::avg_pool2d")
private let averagePool3dOperator = Operator("aten::avg_pool3d")
private let maximumPool2dOperator = Operator("aten::max_pool2d")
private let maximumPool3dOperator = Operator("aten::max_pool3d")

/// Kernels, strides and paddings are per axis; a stride left out is the kernel.
extension Tensor {
  public func averagePool1d(_ kernel: Int, stride: Int? = nil, padding: Int = 0) -> Tensor {
    averagePool1dOperator(.tensor(self), .ints([kernel]), .ints([stride ?? kernel]), .ints([padding]))
  }

  public func averagePool2d(_ kernel: [Int], stride: [Int]? = nil) -> Tensor {
    averagePool2dOperator(.tensor(self), .ints(kernel), .ints(stride ?? kernel))
  }

  /// `[B, C, T, H, W]`.
  public func averagePool3d(_ kernel: [Int], stride: [Int]? = nil) -> Tensor {
    averagePool3dOperator(.tensor(self), .ints(kernel), .ints(stride ?? kernel))
  }

  public func maximumPool2d(_ kernel: [Int], stride: [Int]? = nil) -> Tensor {
    maximumPool2dOperator(.tensor(self), .ints(kernel), .ints(stride ?? kernel))
  }

  /// `[B, C, T, H, W]`; padding counts as −∞. With `coversAll` a last, incomplete window counts too.
  public func maximumPool3d(
    _ kernel: [Int], stride: [Int]? = nil, padding: [Int] = [0, 0, 0], coversAll: Bool = false
  ) -> Tensor {
    maximumPool3dOperator(
      .tensor(self), .ints(kernel), .ints(stride ?? kernel), .ints(padding), .ints([1, 1, 1]),
      .bool(coversAll))
  }
}
