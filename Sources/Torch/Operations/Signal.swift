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

  /// Frames `[B, F, n]`, each `hop` behind the one before, summed where they overlap: `[B, (F − 1) · hop + n]`.
  public func overlapAdded(hop: Int) -> Tensor {
    let (frames, length) = (size(1), size(2))
    // In blocks of a hop, what overlaps lies one frame apart.
    let blocks = (length + hop - 1) / hop
    let whole = padded([0, blocks * hop - length]).reshaped([size(0), frames, blocks, hop])
    let sum = Tensor.zeros([size(0), frames + blocks - 1, hop], dtype: dtype, device: device)
    for block in 0..<blocks {
      sum.narrowed(1, start: block, length: frames).add_(whole.selected(2, block))
    }
    return sum.flattened(from: 1).narrowed(1, start: 0, length: (frames - 1) * hop + length)
  }

  /// `√(re² + im²)` of `[.., 2]`; the gradient is zero where the magnitude is.
  public var complexMagnitude: Tensor { viewAsComplexOperator(.tensor(contiguous)).abs }

  /// The periodic Hann window.
  public static func hannWindow(_ length: Int, dtype: DType = .float32, device: Device = .cpu) -> Tensor {
    hannOperator(.int(length), .bool(true), .dtype(dtype), .none, .device(device))
  }
}
