package import Torch

extension ParityComponent {
  /// A sampler walked over the toy network of the fixtures.
  public static let sampler = ParityComponent("sampler") { run in
    let scheduler = try run.configuration(SamplerConfiguration.self).scheduler()
    let count = scheduler.evaluations.count
    let start = try run.input("x_T", "B", "C", .rest)
    let noise = run.hasInput("noise") ? try run.input("noise", .length(count), "B", "C", .rest) : nil
    // Without noise in the file, a sampler that asks for some makes the result NaN.
    let sample = SamplerWalk.sample(from: start, with: scheduler) { index in
      noise?.selected(0, index) ?? .full(start.shape, .nan)
    }
    try run.compare(sample.video, "sample")
  }
}

/// A scheduler led over the same tensor in both modalities, with a network that is a formula.
package enum SamplerWalk {
  /// `ε̂ = 0.3x + 0.1 sin x + 1e-4 t`, variance logits `0.2·clamp(x, −1, 1)`.
  package static func network(_ state: AVLatents, at timestep: Double) -> ModelOutput {
    ModelOutput(
      prediction: state.map { 0.3 * $0 + 0.1 * $0.sin + 1e-4 * timestep },
      varianceLogits: state.map { 0.2 * $0.clamp(min: -1, max: 1) })
  }

  /// - Parameter noise: what is drawn at each evaluation, counted from the noisy end.
  package static func sample(
    from start: Tensor, with scheduler: any Scheduler,
    network: (AVLatents, Double) -> ModelOutput = SamplerWalk.network, noise: (Int) -> Tensor
  ) -> AVLatents {
    var scheduler = scheduler
    var state = AVLatents(video: start, audio: start)
    for (index, evaluation) in scheduler.evaluations.enumerated() {
      state = scheduler.step(network(state, evaluation.timestep), at: index, state: state) {
        AVLatents(video: noise(index), audio: noise(index))
      }
    }
    return state
  }
}
