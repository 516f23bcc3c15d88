private let isAvailableOperator = Operator("uniform::is_available")
private let geluOperator = Operator("uniform::gelu_tanh_")
private let modulatedNormOperator = Operator("uniform::modulated_norm")
private let groupNormOperator = Operator("uniform::group_norm")
private let rmsNormOperator = Operator("uniform::rms_norm")
private let attentionOperator = Operator("uniform::attention")

/// Kernels of this package for what lies between products and convolutions, on a CPU that has bfloat16 products
/// (AVX512-BF16), without gradients: those of the transformer take bfloat16, the normalisations float32 as well. They
/// compute in float32 and round once at the end.
public enum FusedKernels {
  /// Whether this machine can run them.
  public static let areAvailable = isAvailableOperator.boolean()

  /// Whether they serve for `x` as things are. Where gradients are recorded they do not, even if `x` needs none: the
  /// weights that it meets may.
  public static func serve(_ x: Tensor) -> Bool {
    x.dtype == .bfloat16 && serveEitherType(x)
  }

  /// The same for kernels that take bfloat16 and float32.
  static func serveEitherType(_ x: Tensor) -> Bool {
    areAvailable && !isRecordingGradients && x.device.worksLikeCPU
      && (x.dtype == .bfloat16 || x.dtype == .float32)
  }
}

extension Tensor {
  /// The tanh form of GELU, in place; contiguous.
  @discardableResult public func fusedGeluTanh_() -> Tensor { geluOperator(.tensor(self)) }

  /// `LN(x) · (1 + scale) + shift` over the last of four axes; shift and scale broadcast over the others.
  public func fusedModulatedNorm(shift: Tensor, scale: Tensor, epsilon: Double) -> Tensor {
    modulatedNormOperator(.tensor(self), .tensor(shift), .tensor(scale), .double(epsilon))
  }

  /// Group normalisation of a tensor that is ``isChannelsLast``, followed by SiLU where asked.
  public func fusedGroupNorm(
    groups: Int, weight: Tensor, bias: Tensor, epsilon: Double, silu: Bool = false
  ) -> Tensor {
    groupNormOperator(
      .tensor(self), .int(groups), .tensor(weight), .tensor(bias), .double(epsilon), .bool(silu))
  }

  /// `x · rsqrt(mean(x²) + epsilon) · weight` over the last axis; contiguous.
  public func fusedRMSNorm(weight: Tensor, epsilon: Double) -> Tensor {
    rmsNormOperator(.tensor(self), .tensor(weight), .double(epsilon))
  }

  /// Attention over axis 2 of `[outer, inner, L, heads, d]` views of any strides, written into `self`, a view of the
  /// shape of `query`. Nothing is copied to bring the axes into order.
  ///
  /// - Parameters:
  ///   - gains: `[d]` float32 each; queries and keys are divided by their root mean square and multiplied by these.
  ///   - rotary: cosines and signed sines `[L, d]` float32 for interleaved pairs.
  ///   - mask: `[outer, L]` float32, added to the scores.
  public func writeAttention(
    query: Tensor, key: Tensor, value: Tensor, gains: (query: Tensor, key: Tensor)? = nil,
    epsilon: Double = 1e-6,
    rotary: (cosines: Tensor, sines: Tensor)? = nil, mask: Tensor? = nil
  ) {
    attentionOperator.run(
      .tensor(query), .tensor(key), .tensor(value), .tensor(self), .optional(gains?.query),
      .optional(gains?.key), .double(epsilon), .optional(rotary?.cosines), .optional(rotary?.sines),
      .optional(mask))
  }
}
