/// Normalises groups of channels, with a gain and a bias per channel.
public struct GroupNorm {
  public let weight: Tensor
  public let bias: Tensor
  public let groups: Int
  public let epsilon: Double

  public init(
    _ parameters: Parameters, groups: Int, channels: Int, epsilon: Double
  ) throws(WeightError) {
    weight = try parameters("weight", channels, initialization: .ones)
    bias = try parameters("bias", channels, initialization: .zeros)
    self.groups = groups
    self.epsilon = epsilon
  }

  /// Whether a layer is faster on `x` as things are where its channels lie last in memory.
  public static func prefersChannelsLast(_ x: Tensor) -> Bool { FusedKernels.serveEitherType(x) }

  public func callAsFunction(_ x: Tensor) -> Tensor { fused(x) ?? composed(x) }

  /// SiLU of the result.
  public func silu(_ x: Tensor) -> Tensor { fused(x, silu: true) ?? composed(x).silu }

  private func composed(_ x: Tensor) -> Tensor {
    x.groupNorm(groups: groups, weight: weight.to(x.dtype), bias: bias.to(x.dtype), epsilon: epsilon)
  }

  private func fused(_ x: Tensor, silu: Bool = false) -> Tensor? {
    guard FusedKernels.serveEitherType(x), x.isChannelsLast else { return nil }
    return x.fusedGroupNorm(groups: groups, weight: weight, bias: bias, epsilon: epsilon, silu: silu)
  }
}

/// Root-mean-square normalisation over the last axis: statistics in float32, the result cast back *before* the
/// gain, as T5 and STDiT3 define it.
public struct RMSNorm {
  public let weight: Tensor
  public let epsilon: Double

  public init(_ parameters: Parameters, _ width: Int, epsilon: Double = 1e-6) throws(WeightError) {
    weight = try parameters("weight", width, initialization: .ones)
    self.epsilon = epsilon
  }

  public func callAsFunction(_ x: Tensor) -> Tensor {
    if FusedKernels.serveEitherType(x), x.isContiguous {
      return x.fusedRMSNorm(weight: weight.to(x.dtype), epsilon: epsilon)
    }
    let wide = x.to(.float32)
    let normalized = wide * (wide.squared.mean([-1], keepingAxes: true) + epsilon).rsqrt
    return normalized.to(x.dtype) * weight.to(x.dtype)
  }
}

/// Layer normalisation over the last axis, with a gain and a bias.
public struct LayerNorm {
  public let weight: Tensor
  public let bias: Tensor
  public let epsilon: Double

  public init(_ parameters: Parameters, _ width: Int, epsilon: Double = 1e-5) throws(WeightError) {
    weight = try parameters("weight", width, initialization: .ones)
    bias = try parameters("bias", width, initialization: .zeros)
    self.epsilon = epsilon
  }

  public func callAsFunction(_ x: Tensor) -> Tensor {
    x.layerNorm(weight.shape, weight: weight.to(x.dtype), bias: bias.to(x.dtype), epsilon: epsilon)
  }
}

/// Batch normalisation with the statistics of the training, which makes it a scale and a shift per channel. A gain that a
/// file lacks is one.
public struct BatchNorm {
  public let scale: Tensor  // [channels]
  public let shift: Tensor  // [channels]

  public init(_ parameters: Parameters, _ channels: Int, epsilon: Double = 1e-5) throws(WeightError) {
    let gain =
      parameters.contains("weight") ? try parameters("weight", channels, initialization: .ones) : nil
    let bias = try parameters("bias", channels, initialization: .zeros)
    let mean = try parameters.buffer("running_mean", channels)
    let variance = try parameters.buffer("running_var", channels, initialization: .ones)
    let inverse = (variance.to(.float64) + epsilon).rsqrt
    let wide = gain.map { $0.to(.float64) * inverse } ?? inverse
    scale = wide.to(bias.dtype)
    shift = (bias.to(.float64) - mean.to(.float64) * wide).to(bias.dtype)
  }

  /// `[B, channels, …]`.
  public func callAsFunction(_ x: Tensor) -> Tensor {
    let shape = [scale.count] + Array(repeating: 1, count: x.rank - 2)
    return x * scale.reshaped(shape) + shift.reshaped(shape)
  }

  /// The weight of a convolution without bias that comes before, with this normalisation in it; `shift` is its bias.
  public func folded(into weight: Tensor) -> Tensor {
    weight * scale.reshaped([scale.count] + Array(repeating: 1, count: weight.rank - 1))
  }
}
