public import Torch

/// The network as the loop sees it, with task and text already bound; float32 in, any float dtype out.
public typealias DenoisingModel = (AVLatents, TokenTimesteps) throws -> ModelOutput

/// From noise to latents.
public struct DenoisingLoop {
  /// How far a generation is, in network evaluations.
  public struct Progress: Sendable, Equatable {
    public let completed: Int
    public let total: Int
  }

  public let plan: NoisePlan
  public let scheduler: any Scheduler
  /// Nil for a single pass; otherwise the model's text conditioning is that of a doubled batch.
  public let guidance: ClassifierFreeGuidance?

  public init(plan: NoisePlan, scheduler: any Scheduler, guidance: ClassifierFreeGuidance? = nil) {
    self.plan = plan
    self.scheduler = scheduler
    self.guidance = guidance
  }

  /// Denoises one batch, in float32 outside of the network.
  ///
  /// - Parameters:
  ///   - noise: one generator per clip; its first draw is the initial state.
  ///   - condition: clean latents of the modality that the plan requires, `[B, …]`; others are not read.
  ///   - progress: called before each evaluation and after the last; false stops with `CancellationError`.
  /// - Returns: the generated latents, and the condition exactly as given.
  public func callAsFunction(
    noise: NoiseSource, condition: PerModality<Tensor?> = PerModality(video: nil, audio: nil),
    progress: (Progress) -> Bool = { _ in true }, model: DenoisingModel
  ) throws -> AVLatents {
    try withoutGradient {
      var scheduler = scheduler
      let condition = PerModality(
        video: condition.video?.to(.float32).to(noise.device),
        audio: condition.audio?.to(.float32).to(noise.device))
      var state = noise.next()
      try check(condition, against: state)
      state = plan.writeBack(condition, into: state)
      let evaluations = scheduler.evaluations
      for (index, evaluation) in evaluations.enumerated() {
        guard progress(Progress(completed: index, total: evaluations.count)) else {
          throw CancellationError()
        }
        let input = plan.networkInput(state, signalScale: evaluation.signalScale)
        let timesteps = plan.tokenTimesteps(
          [Double](repeating: evaluation.timestep, count: state.batchSize), device: state.device)
        let output = try guidance?.predict(input, timesteps, model: model) ?? model(input, timesteps)
        let next = scheduler.step(
          output.map { $0.to(.float32) }, at: index, state: state, noise: noise.next)
        state = plan.writeBack(condition, into: next)
      }
      guard progress(Progress(completed: evaluations.count, total: evaluations.count)) else {
        throw CancellationError()
      }
      return state
    }
  }

  private func check(_ condition: PerModality<Tensor?>, against state: AVLatents) throws(DiffusionError) {
    guard let modality = plan.task.condition else { return }
    guard let latents = condition[modality] else { throw .missingCondition(modality, plan.task) }
    guard latents.shape == state[modality].shape else {
      throw .conditionShape(modality, latents.shape, expected: state[modality].shape)
    }
  }
}
