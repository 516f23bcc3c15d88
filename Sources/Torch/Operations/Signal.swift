private let rfftOperator = Operator("aten::fft_rfft")
private let irfftOperator = Operator("aten::fft_irfft")
private let hannOperator = Operator("aten::hann_window.periodic")
private let viewAsRealOperator = Operator("aten::view_as_real")
private let viewAsComplexOperator = Operator("aten::view_as_complex")

extension Tensor {
  /// The spectrum of real signals along the last axis: `[.., n/2 + 1, 2]` with real and imaginary parts.
  public func realFFT(_ length: Int? = nil) -> Tensor {
    viewAsRealOperator(.tensor(rfftOperator(.tensor(self), length.map(Argument.int) ?? .none, .int(-1))))
  }

  /// The inverse of ``realFFT(_:)``.
  public func inverseRealFFT(_ length: Int) -> Tensor {
    irfftOperator(.tensor(viewAsComplexOperator(.tensor(contiguous))), .int(length), .int(-1))
  }

  /// `√(re² + im²)` of `[.., 2]`; the gradient is zero where the magnitude is.
  public var complexMagnitude: Tensor { viewAsComplexOperator(.tensor(contiguous)).abs }

  /// The periodic Hann window.
  public static func hannWindow(_ length: Int, dtype: DType = .float32, device: Device = .cpu) -> Tensor {
    hannOperator(.int(length), .bool(true), .dtype(dtype), .none, .device(device))
  }
}
