import Foundation
public import Torch

/// The training maths of denoising diffusion with a learned variance: noise prediction by squared error, and
/// the variance by the variational bound (Nichol & Dhariwal 2021).
///
/// A timestep is an index into ``schedule``.
public struct GaussianDiffusion: DiffusionProcess {
  /// γ_t, which multiplies the loss.
  public enum Weighting: Sendable, Equatable {
    case uniform
    /// `min(SNR, γ) / SNR`: takes weight from the nearly clean steps; γ is usually 5.
    case minSNR(Double)
  }

  public let schedule: NoiseSchedule
  public let weighting: Weighting

  public init(schedule: NoiseSchedule, weighting: Weighting = .uniform) {
    self.schedule = schedule
    self.weighting = weighting
  }

  public func drawTimesteps(_ count: Int, generator: Generator) -> [Double] {
    Tensor.randint(0..<schedule.count, [count], generator: generator).values()
  }

  /// Equation 4: `√ᾱ_t x₀ + √(1 − ᾱ_t) ε`.
  public func addNoise(_ noise: Tensor, to clean: Tensor, at timesteps: [Double]) -> Tensor {
    let alphaBar = gather(schedule.alphasCumulativeProduct, timesteps)
    return clean * alphaBar.map { $0.squareRoot() }.column(like: clean)
      + noise * alphaBar.map { (1 - $0).squareRoot() }.column(like: clean)
  }

  /// γ_t of equation 5.
  public func weight(at timestep: Double) -> Double {
    guard case .minSNR(let gamma) = weighting else { return 1 }
    let alphaBar = schedule.alphasCumulativeProduct[Int(timestep)]
    let signalToNoise = alphaBar / (1 - alphaBar)
    return min(signalToNoise, gamma) / signalToNoise
  }

  public func terms(
    prediction: Tensor, varianceLogits: Tensor?, clean: Tensor, noise: Tensor, at timesteps: [Double]
  ) -> LossTerms {
    LossTerms(
      squaredError: (prediction - noise).squared.meanPerClip,
      variationalBound: varianceLogits.map {
        let noisy = addNoise(noise, to: clean, at: timesteps)
        // The bound trains the variance alone: the mean would learn from a far noisier signal.
        let step = reverse(from: noisy, noise: prediction.detached, varianceLogits: $0, at: timesteps)
        return variationalBound(step, clean: clean, noisy: noisy, at: timesteps)
      })
  }
}

// MARK: The reverse step

/// Mean and log-variance of every element.
public struct StepDistribution {
  public let mean: Tensor
  public let logVariance: Tensor
}

extension GaussianDiffusion {
  /// The true reverse step, which knows x₀ (equations 8 and 9).
  public func posterior(clean: Tensor, noisy: Tensor, at timesteps: [Double]) -> StepDistribution {
    StepDistribution(
      mean: clean * gather(schedule.posteriorCleanCoefficient, timesteps).column(like: clean)
        + noisy * gather(schedule.posteriorNoisyCoefficient, timesteps).column(like: clean),
      logVariance: gather(schedule.posteriorLogVariance, timesteps).column(like: clean))
  }

  /// x̂₀ from a noise prediction.
  public func predictedClean(from noisy: Tensor, noise: Tensor, at timesteps: [Double]) -> Tensor {
    let alphaBar = gather(schedule.alphasCumulativeProduct, timesteps)
    return noisy * alphaBar.map { (1 / $0).squareRoot() }.column(like: noisy)
      - noise * alphaBar.map { (1 / $0 - 1).squareRoot() }.column(like: noisy)
  }

  /// The network's reverse step; the logits interpolate between ln β̃ (at −1) and ln β (at 1).
  public func reverse(
    from noisy: Tensor, noise: Tensor, varianceLogits: Tensor, at timesteps: [Double]
  ) -> StepDistribution {
    let clean = predictedClean(from: noisy, noise: noise, at: timesteps)
    let upper = gather(schedule.betas, timesteps).map(log).column(like: noisy)
    let lower = gather(schedule.posteriorLogVariance, timesteps).column(like: noisy)
    let fraction = (varianceLogits + 1) / 2
    return StepDistribution(
      mean: posterior(clean: clean, noisy: noisy, at: timesteps).mean,
      logVariance: fraction * upper + (1 - fraction) * lower)
  }

  /// Bits per element `[B]` that the reverse step costs: a Kullback–Leibler divergence, and at timestep 0 the
  /// negative log-likelihood of x₀ in bins of 2/255.
  func variationalBound(
    _ reverse: StepDistribution, clean: Tensor, noisy: Tensor, at timesteps: [Double]
  ) -> Tensor {
    let divergence = posterior(clean: clean, noisy: noisy, at: timesteps).divergence(from: reverse)
    let bits = divergence.meanPerClip / log(2)
    guard timesteps.contains(0) else { return bits }
    let likelihood = reverse.binLogLikelihood(clean).meanPerClip / -log(2)
    return likelihood.where(Tensor(timesteps.map { $0 == 0 }, device: bits.device), else: bits)
  }

  private func gather(_ table: [Double], _ timesteps: [Double]) -> [Double] {
    timesteps.map { table[Int($0)] }
  }
}

extension StepDistribution {
  /// KL(self ‖ other) of every element, in nats.
  func divergence(from other: StepDistribution) -> Tensor {
    let ratio = logVariance - other.logVariance
    return 0.5 * (ratio.exp - ratio - 1 + (mean - other.mean).squared * (-other.logVariance).exp)
  }

  /// ln of the probability of the bin of width 2/255 around every element; the outermost bins are open. Assumes
  /// data in −1…1, as the published implementation does.
  func binLogLikelihood(_ x: Tensor) -> Tensor {
    let centered = x - mean
    let inverseDeviation = (-0.5 * logVariance).exp
    let above = (inverseDeviation * (centered + 1.0 / 255)).approximateNormalCDF
    let below = (inverseDeviation * (centered - 1.0 / 255)).approximateNormalCDF
    func safeLog(_ probability: Tensor) -> Tensor { probability.clamp(min: 1e-12).log }
    return safeLog(above).where(
      x .< -0.999, else: safeLog(1 - below).where(x .> 0.999, else: safeLog(above - below)))
  }
}

extension Tensor {
  /// The mean over all axes but the first: `[B]`.
  var meanPerClip: Tensor { flattened(from: 1).mean([1]) }

  /// The tanh approximation of the published implementation.
  fileprivate var approximateNormalCDF: Tensor {
    0.5 * (1 + ((2 / Double.pi).squareRoot() * (self + 0.044715 * pow(3))).tanh)
  }
}
