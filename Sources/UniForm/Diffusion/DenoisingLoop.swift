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
  /// Nil for a single pass; otherwise the model's text conditioning is that of all passes.
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
  ///   - negative: what stands for the condition in the pass that guidance leads away from, likewise.
  ///   - progress: called before each evaluation and after the last; false stops with `CancellationError`.
  ///   - observer: sees the states in between, and may let the trajectory begin with one.
  /// - Returns: the generated latents, and the condition exactly as given.
  public func callAsFunction(
    noise: NoiseSource, condition: PerModality<Tensor?> = PerModality(video: nil, audio: nil),
    negative: PerModality<Tensor?> = PerModality(video: nil, audio: nil),
    progress: (Progress) -> Bool = { _ in true }, observer: DenoisingObserver? = nil, model: DenoisingModel
  ) throws -> AVLatents {
    try withoutGradient {
      var scheduler = scheduler
      let (condition, negative) = (on(noise.device, condition), on(noise.device, negative))
      var state = noise.next()
      try check(condition, against: state)
      let guidesCondition = guidance?.guidesCondition == true
      if guidesCondition { try check(negative, against: state) }
      state = plan.writeBack(condition, into: state)
      let evaluations = scheduler.evaluations
      let beginning = try observer?.beginning.map { try checked($0, against: state) }
      if let beginning {
        state = beginning.latents.to(noise.device)
        scheduler.memory = beginning.memory.map { $0.to(noise.device) }
        noise.skip(to: beginning.draws)
      }
      for (index, evaluation) in evaluations.enumerated().dropFirst(beginning?.completed ?? 0) {
        guard progress(Progress(completed: index, total: evaluations.count)) else {
          throw CancellationError()
        }
        let input = plan.networkInput(state, signalScale: evaluation.signalScale)
        let timesteps = plan.tokenTimesteps(
          [Double](repeating: evaluation.timestep, count: state.batchSize), device: state.device)
        let without =
          guidesCondition
          ? plan.networkInput(plan.writeBack(negative, into: state), signalScale: evaluation.signalScale)
          : nil
        let output =
          try guidance?.predict(input, negative: without, timesteps, model: model) ?? model(input, timesteps)
        let answer = output.map { $0.to(.float32) }
        let before = state
        state = plan.writeBack(
          condition, into: scheduler.step(answer, at: index, state: before, noise: noise.next))
        if let observer, index + 1 < evaluations.count {
          try observer.observe(
            DenoisingObserver.Moment(
              state: DenoisingState(
                completed: index + 1, latents: state, memory: scheduler.memory, draws: noise.draws),
              total: evaluations.count,
              estimate: plan.writeBack(
                condition, into: scheduler.estimate(answer.prediction, at: index, state: before))))
        }
      }
      guard progress(Progress(completed: evaluations.count, total: evaluations.count)) else {
        throw CancellationError()
      }
      return state
    }
  }

  private func on(_ device: Device, _ latents: PerModality<Tensor?>) -> PerModality<Tensor?> {
    latents.map { $0?.to(.float32).to(device) }
  }

  private func checked(
    _ beginning: DenoisingState, against state: AVLatents
  ) throws(DiffusionError) -> DenoisingState {
    let count = scheduler.evaluations.count
    guard (0..<count).contains(beginning.completed) else {
      throw .stateOfAnotherSchedule(completed: beginning.completed, of: count)
    }
    for modality in Modality.allCases {
      for latents in [beginning.latents] + beginning.memory
      where latents[modality].shape != state[modality].shape {
        throw .conditionShape(modality, latents[modality].shape, expected: state[modality].shape)
      }
    }
    return beginning
  }

  private func check(_ condition: PerModality<Tensor?>, against state: AVLatents) throws(DiffusionError) {
    guard let modality = plan.task.condition else { return }
    guard let latents = condition[modality] else { throw .missingCondition(modality, plan.task) }
    guard latents.shape == state[modality].shape else {
      throw .conditionShape(modality, latents.shape, expected: state[modality].shape)
    }
  }
}
