private let reorderLinearOperator = Operator("mkldnn::_reorder_linear_weight")
private let linearOperator = Operator("mkldnn::_linear_pointwise")
private let linearBinaryOperator = Operator("mkldnn::_linear_pointwise.binary")
private let reorderConvolutionOperator = Operator("mkldnn::_reorder_convolution_weight")
private let convolutionOperator = Operator("mkldnn::_convolution_pointwise")
private let denseOperator = Operator("aten::to_dense")

/// The weight of a layer as it was loaded, or packed for inference.
enum LayerWeight {
  case plain(Tensor)
  case packed(PackedWeight)

  /// As it was loaded; a copy where it is packed.
  var plain: Tensor {
    switch self {
    case .plain(let weight): weight
    case .packed(let weight): weight.plain
    }
  }

  /// The packed weight where it can meet `x` as things are.
  func packed(for x: Tensor) -> PackedWeight? {
    if case .packed(let weight) = self, weight.serves(x) { weight } else { nil }
  }
}

/// A weight in the order in which oneDNN's products and convolutions read it, so that no call brings it into that order
/// again. For inference on a CPU; nothing is recorded.
struct PackedWeight {
  /// Opaque: it has shape and dtype, but no elements at known places.
  private let tensor: Tensor

  /// What follows a product in the same pass over its result.
  enum Epilogue {
    case none
    case geluTanh
    case adding(Tensor)
    case times(Tensor)
  }

  /// - Parameter linear: `[out, in]`.
  init(linear weight: Tensor) { tensor = reorderLinearOperator(.tensor(weight)) }

  /// - Parameters:
  ///   - convolution: `[out, in, k…]` of two or three axes.
  ///   - typicalInput: `[B, in, …]`; other shapes work as well, perhaps slower.
  init(
    convolution weight: Tensor, stride: [Int], padding: [Int], dilation: [Int], typicalInput: [Int]
  ) {
    tensor = reorderConvolutionOperator(
      .tensor(weight), .ints(padding), .ints(stride), .ints(dilation), .int(1), .ints(typicalInput))
  }

  /// Whether `x` can meet this weight as things are.
  func serves(_ x: Tensor) -> Bool {
    !isRecordingGradients && x.dtype == tensor.dtype && x.device.kind == .cpu
  }

  /// The elements as they were before packing.
  var plain: Tensor { denseOperator(.tensor(tensor)) }

  func linear(_ x: Tensor, _ bias: Tensor?, then epilogue: Epilogue = .none) -> Tensor {
    func pointwise(_ name: String, _ algorithm: String = "") -> Tensor {
      linearOperator(
        .tensor(x), .tensor(tensor), .optional(bias), .string(name), .doubles([]), .string(algorithm))
    }
    func binary(_ name: String, _ other: Tensor) -> Tensor {
      linearBinaryOperator(
        .tensor(x), .tensor(other), .tensor(tensor), .optional(bias), .string(name))
    }
    return switch epilogue {
    case .none: pointwise("none")
    case .geluTanh: pointwise("gelu", "tanh")
    case .adding(let other): binary("add", other)
    case .times(let other): binary("mul", other)
    }
  }

  /// The result is channels last.
  func convolution(
    _ x: Tensor, _ bias: Tensor?, stride: [Int], padding: [Int], dilation: [Int], leakySlope: Double? = nil
  ) -> Tensor {
    convolutionOperator(
      .tensor(x), .tensor(tensor), .optional(bias), .ints(padding), .ints(stride), .ints(dilation), .int(1),
      .string(leakySlope == nil ? "none" : "leaky_relu"), .doubles(leakySlope.map { [$0] } ?? []), .string("")
    )
  }
}
