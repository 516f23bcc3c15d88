import Foundation
import Torch

/// Ancestral sampling (Ho et al. 2020): each step draws from the reverse Gaussian.
public struct DDPMScheduler: Scheduler, NoisePredictingScheduler {
  public enum Variance: String, Sendable, Codable, CaseIterable {
    /// What the network says, between β̃ and β.
    case learnedRange = "learned_range"
    /// β̃, equation 9.
    case fixedSmall = "fixed_small"
  }

  public let evaluations: [Evaluation]
  public let variance: Variance
  private let diffusion: GaussianDiffusion

  /// - Parameter schedule: already respaced to the wanted number of steps.
  public init(schedule: NoiseSchedule, variance: Variance = .learnedRange) {
    self.variance = variance
    diffusion = GaussianDiffusion(schedule: schedule)
    evaluations = schedule.evaluations
  }

  public func step(
    _ output: ModelOutput, at index: Int, state: AVLatents, noise: () -> AVLatents
  ) -> AVLatents {
    let step = evaluations.count - 1 - index
    let reverse = Modality.allCases.map { modality in
      self.reverse(
        output.prediction[modality], varianceLogits: output.varianceLogits?[modality], state: state[modality],
        at: step)
    }
    let mean = AVLatents(video: reverse[0].mean, audio: reverse[1].mean)
    if step == 0 { return mean }
    let deviation = AVLatents(video: reverse[0].logVariance, audio: reverse[1].logVariance)
      .map { (0.5 * $0).exp }
    return mean + deviation.zip(noise(), *)
  }

  private func reverse(
    _ prediction: Tensor, varianceLogits: Tensor?, state: Tensor, at step: Int
  ) -> StepDistribution {
    let steps = [Double](repeating: Double(step), count: state.size(0))
    switch variance {
    case .learnedRange:
      guard let varianceLogits else { preconditionFailure("a learned variance needs the network's logits") }
      return diffusion.reverse(from: state, noise: prediction, varianceLogits: varianceLogits, at: steps)
    case .fixedSmall:
      let clean = diffusion.predictedClean(from: state, noise: prediction, at: steps)
      return diffusion.posterior(clean: clean, noisy: state, at: steps)
    }
  }
}

extension NoiseSchedule {
  /// One network evaluation per step, noisiest first.
  var evaluations: [Evaluation] {
    timesteps.indices.reversed().map {
      Evaluation(timestep: Double(timesteps[$0]), signalScale: alphasCumulativeProduct[$0].squareRoot())
    }
  }
}
