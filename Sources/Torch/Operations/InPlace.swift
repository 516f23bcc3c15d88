private let addInPlace = Operator("aten::add_.Tensor")
private let mulInPlace = Operator("aten::mul_.Tensor")
private let mulScalarInPlace = Operator("aten::mul_.Scalar")
private let copyInPlace = Operator("aten::copy_")
private let zeroInPlace = Operator("aten::zero_")
private let fillInPlace = Operator("aten::fill_.Scalar")
private let lerpInPlace = Operator("aten::lerp_.Scalar")
private let addcmulInPlace = Operator("aten::addcmul_")
private let siluInPlace = Operator("aten::silu_")
private let leakyReluInPlace = Operator("aten::leaky_relu_")

/// Operations that write into the tensor they are called on, with libtorch's underscore.
extension Tensor {
  @discardableResult public func add_(_ other: Tensor, alpha: Double = 1) -> Tensor {
    addInPlace(.tensor(self), .tensor(other), .double(alpha))
  }

  @discardableResult public func mul_(_ other: Tensor) -> Tensor { mulInPlace(.tensor(self), .tensor(other)) }
  @discardableResult public func mul_(_ factor: Double) -> Tensor {
    mulScalarInPlace(.tensor(self), .double(factor))
  }
  @discardableResult public func copy_(_ source: Tensor) -> Tensor {
    copyInPlace(.tensor(self), .tensor(source))
  }
  @discardableResult public func zero_() -> Tensor { zeroInPlace(.tensor(self)) }
  @discardableResult public func fill_(_ value: Double) -> Tensor {
    fillInPlace(.tensor(self), .double(value))
  }
  @discardableResult public func lerp_(_ end: Tensor, weight: Double) -> Tensor {
    lerpInPlace(.tensor(self), .tensor(end), .double(weight))
  }
  @discardableResult public func addcmul_(_ a: Tensor, _ b: Tensor, value: Double = 1) -> Tensor {
    addcmulInPlace(.tensor(self), .tensor(a), .tensor(b), .double(value))
  }
  @discardableResult public func silu_() -> Tensor { siluInPlace(.tensor(self)) }
  @discardableResult public func leakyReLU_(slope: Double) -> Tensor {
    leakyReluInPlace(.tensor(self), .double(slope))
  }
}

extension Tensor {
  /// `self + other` for a tensor that nobody needs afterwards: without gradients it becomes the sum.
  public func plus(_ other: Tensor) -> Tensor { isRecordingGradients ? self + other : add_(other) }
}
