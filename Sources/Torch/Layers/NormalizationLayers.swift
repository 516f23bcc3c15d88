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
