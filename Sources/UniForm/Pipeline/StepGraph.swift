internal import Torch

/// One evaluation of the transformer as a captured graph: what changes from step to step is copied into tensors of its
/// own, everything else is as it was.
final class StepGraph {
  typealias Evaluation = (AVLatents, PerModality<UniFormDiT.TimeEmbedding>) -> ModelOutput

  private let latents: AVLatents
  private let times: PerModality<UniFormDiT.TimeEmbedding>
  private let graph: CapturedGraph<ModelOutput>

  /// - Parameters:
  ///   - latents: of the shapes that every evaluation has; `times` likewise.
  ///   - evaluate: must use nothing else that changes.
  /// - Throws: `TorchError` where the device has no graphs or the evaluation cannot be captured.
  init(
    latents: AVLatents, times: PerModality<UniFormDiT.TimeEmbedding>, _ evaluate: @escaping Evaluation
  ) throws {
    let (latents, times) = (latents.map(\.cloned), times.map(\.cloned))
    (self.latents, self.times) = (latents, times)
    graph = try CapturedGraph(on: latents.device) { evaluate(latents, times) }
  }

  func callAsFunction(
    _ latents: AVLatents, _ times: PerModality<UniFormDiT.TimeEmbedding>
  ) throws -> ModelOutput {
    self.latents.video.copy_(latents.video)
    self.latents.audio.copy_(latents.audio)
    self.times.video.copy_(times.video)
    self.times.audio.copy_(times.audio)
    try graph.replay()
    // The next evaluation writes over them, and a scheduler may still need them.
    return graph.output.map { $0.map(\.cloned) }
  }
}
