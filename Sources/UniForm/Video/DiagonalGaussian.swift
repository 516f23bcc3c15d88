public import Torch

/// A posterior of independent Gaussians, as autoencoders predict it: the first half of the channels (axis 1) is
/// the mean, the second half the logarithm of the variance.
public struct DiagonalGaussian {
  /// `[B, 2·C, …]`, as predicted: the log-variance is not clamped.
  public let moments: Tensor

  public init(moments: Tensor) { self.moments = moments }

  public var mean: Tensor { moments.chunked(2, axis: 1)[0] }

  /// Clamped to −30…20, so that its exponential is finite and positive.
  public var logVariance: Tensor { moments.chunked(2, axis: 1)[1].clamp(min: -30, max: 20) }

  /// The most likely value: the mean.
  public var mode: Tensor { mean }

  /// `mean + exp(½·log-variance)·noise`.
  public func sample(_ generator: Generator) -> Tensor {
    sample(noise: .randn(mean.shape, generator: generator, device: moments.device))
  }

  /// The same with standard normal numbers of the mean's shape.
  public func sample(noise: Tensor) -> Tensor {
    let mean = mean
    return mean.addcmul((logVariance * 0.5).exp, noise.to(mean.dtype))
  }

  /// A sample, or the mode where there is no generator.
  public func value(_ generator: Generator?) -> Tensor { generator.map { sample($0) } ?? mode }

  /// The posterior of `(x − shift) / scale` in float32; both broadcast against the mean.
  public func normalized(shift: Tensor, scale: Tensor) -> DiagonalGaussian {
    let mean = (mean.to(.float32) - shift) / scale
    let logVariance = logVariance.to(.float32) - scale.abs.log * 2
    return DiagonalGaussian(moments: .concatenate([mean, logVariance], axis: 1))
  }

  /// The divergence from the standard normal distribution, averaged over all elements, in nats.
  public var divergence: Tensor {
    let logVariance = logVariance
    return (mean.squared + logVariance.exp - 1 - logVariance).mean * 0.5
  }
}
