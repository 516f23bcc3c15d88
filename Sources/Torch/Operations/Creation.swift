private let emptyOperator = Operator("aten::empty.memory_format")
private let zerosOperator = Operator("aten::zeros")
private let onesOperator = Operator("aten::ones")
private let fullOperator = Operator("aten::full")
private let arangeOperator = Operator("aten::arange.start_step")
private let linspaceOperator = Operator("aten::linspace")
private let zerosLikeOperator = Operator("aten::zeros_like")
private let emptyLikeOperator = Operator("aten::empty_like")
private let onesLikeOperator = Operator("aten::ones_like")
private let toOperator = Operator("aten::to.dtype")
private let toDeviceOperator = Operator("aten::to.device")

extension Tensor {
  /// Uninitialised memory.
  public static func empty(_ shape: [Int], dtype: DType = .float32, device: Device = .cpu) -> Tensor {
    emptyOperator(.ints(shape), .dtype(dtype), .none, .device(device))
  }

  public static func zeros(_ shape: [Int], dtype: DType = .float32, device: Device = .cpu) -> Tensor {
    zerosOperator(.ints(shape), .dtype(dtype), .none, .device(device))
  }

  public static func ones(_ shape: [Int], dtype: DType = .float32, device: Device = .cpu) -> Tensor {
    onesOperator(.ints(shape), .dtype(dtype), .none, .device(device))
  }

  public static func full(
    _ shape: [Int], _ value: Double, dtype: DType = .float32, device: Device = .cpu
  ) -> Tensor {
    fullOperator(.ints(shape), .double(value), .dtype(dtype), .none, .device(device))
  }

  /// `start, start + step, …` up to but without `end`.
  public static func arange(
    _ start: Double, _ end: Double, step: Double = 1, dtype: DType = .float32, device: Device = .cpu
  ) -> Tensor {
    arangeOperator(.double(start), .double(end), .double(step), .dtype(dtype), .none, .device(device))
  }

  /// `0, 1, …, count − 1` as integers.
  public static func indices(_ count: Int, device: Device = .cpu) -> Tensor {
    arangeOperator(.int(0), .int(count), .int(1), .dtype(.int64), .none, .device(device))
  }

  /// `count` values from `start` to `end`, both included.
  public static func linspace(
    _ start: Double, _ end: Double, count: Int, dtype: DType = .float32, device: Device = .cpu
  ) -> Tensor {
    linspaceOperator(.double(start), .double(end), .int(count), .dtype(dtype), .none, .device(device))
  }

  public var zerosLike: Tensor { zerosLikeOperator(.tensor(self)) }
  public var onesLike: Tensor { onesLikeOperator(.tensor(self)) }
  public var emptyLike: Tensor { emptyLikeOperator(.tensor(self)) }

  /// The same values in another element type; itself where nothing changes.
  public func to(_ dtype: DType) -> Tensor {
    dtype == self.dtype ? self : toOperator(.tensor(self), .dtype(dtype))
  }

  /// The same values on another device; itself where nothing changes.
  public func to(_ device: Device) -> Tensor {
    let here = self.device
    if here.kind == device.kind && (device.index < 0 || here.index == device.index || here.kind == .cpu) {
      return self
    }
    return toDeviceOperator(.tensor(self), .device(device), .dtype(dtype))
  }
}
