public import Torch

/// What the network returns for a batch.
public struct ModelOutput {
  /// The noise ε̂, or the velocity, as the model's ``Objective`` says; shaped like the latents.
  public var prediction: AVLatents
  /// Where between the two bounds of the variance the reverse step lies, nominally in −1…1; shaped like the
  /// latents. Only models of learned variance have it.
  public var varianceLogits: AVLatents?

  public init(prediction: AVLatents, varianceLogits: AVLatents? = nil) {
    self.prediction = prediction
    self.varianceLogits = varianceLogits
  }

  public func map(_ transform: (AVLatents) -> AVLatents) -> ModelOutput {
    ModelOutput(prediction: transform(prediction), varianceLogits: varianceLogits.map(transform))
  }

  /// The outputs for all clips of the given batches, in order.
  public static func concatenate(_ batches: [ModelOutput]) -> ModelOutput {
    let logits = batches.compactMap(\.varianceLogits)
    return ModelOutput(
      prediction: .concatenate(batches.map(\.prediction)),
      varianceLogits: logits.isEmpty ? nil : .concatenate(logits))
  }
}

/// The training side of a diffusion model: how clean latents are noised, and what is learned from it.
///
/// Time is what the network is told: a number from 0 (clean) to 1000 (noise), one per clip.
public protocol DiffusionProcess: Sendable {
  /// One timestep per clip.
  func drawTimesteps(_ count: Int, generator: Generator) -> [Double]

  /// The noised latents x_t, `[B, …]` like `clean`.
  func addNoise(_ noise: Tensor, to clean: Tensor, at timesteps: [Double]) -> Tensor

  /// What the prediction of one modality costs, per clip and before weighting.
  func terms(
    prediction: Tensor, varianceLogits: Tensor?, clean: Tensor, noise: Tensor, at timesteps: [Double]
  ) -> LossTerms

  /// γ_t of equation 5.
  func weight(at timestep: Double) -> Double
}

/// The loss of one modality, per clip: means over its elements, `[B]` float32.
public struct LossTerms {
  /// Squared error of the prediction.
  public let squaredError: Tensor
  /// Variational bound on the learned variance, in bits; nothing where no variance is learned.
  public let variationalBound: Tensor?

  public var sum: Tensor { variationalBound.map { squaredError + $0 } ?? squaredError }
}

/// The loss of a batch: `γ_t · Σ_k g_k (squared error + variational bound)` (equations 10–12).
public struct DiffusionLoss {
  /// Of the generated modalities only.
  public let terms: [Modality: LossTerms]
  /// `[B]`
  public let perClip: Tensor
  /// What is minimised: the mean over the batch.
  public var mean: Tensor { perClip.mean }
}

extension DiffusionProcess {
  /// The loss of a network's output. Each modality's mean counts alike, however many elements it has; a
  /// condition does not count.
  public func loss(
    of output: ModelOutput, clean: AVLatents, noise: AVLatents, timesteps: [Double], plan: NoisePlan
  ) -> DiffusionLoss {
    var terms: [Modality: LossTerms] = [:]
    var total: Tensor?
    for modality in plan.task.generated {
      let part = self.terms(
        prediction: output.prediction[modality].to(.float32),
        varianceLogits: output.varianceLogits?[modality].to(.float32), clean: clean[modality],
        noise: noise[modality], at: timesteps)
      terms[modality] = part
      total = total.map { $0 + part.sum } ?? part.sum
    }
    guard let total else { preconditionFailure("a task that generates nothing") }
    let weights = Tensor(timesteps.map { Float(weight(at: $0)) }, device: total.device)  // [B]
    return DiffusionLoss(terms: terms, perClip: total * weights)
  }
}

extension [Double] {
  /// One number per clip as float32 `[B, 1, …]`, to scale a `[B, …]` tensor.
  func column(like tensor: Tensor) -> Tensor {
    Tensor(
      map(Float.init), shape: [count] + Array<Int>(repeating: 1, count: tensor.rank - 1),
      device: tensor.device)
  }
}
