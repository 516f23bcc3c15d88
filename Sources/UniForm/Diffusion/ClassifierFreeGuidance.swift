import Torch

/// Strengthens the text (Ho & Salimans 2022): the network runs on a doubled batch, first with the captions, then
/// with the null caption, and the prediction moves on along the difference.
///
/// Only text is guided: the state, and with it a condition of the other modality, is the same in both halves.
public struct ClassifierFreeGuidance: Sendable, Equatable {
  /// s in `ε_null + s·(ε_text − ε_null)`; the paper uses 5.
  public let scale: Double

  /// Nil where a single pass gives the same: at scale 1, and without text.
  public init?(scale: Double, hasText: Bool) {
    if scale == 1 || !hasText { return nil }
    self.scale = scale
  }

  /// One prediction for `[B]` clips from a model whose text conditioning is that of `[2B]`: captions, then null.
  public func predict(
    _ state: AVLatents, _ timesteps: TokenTimesteps, model: DenoisingModel
  ) rethrows -> ModelOutput {
    combine(try model(.concatenate([state, state]), timesteps.map { .concatenate([$0, $0], axis: 0) }))
  }

  /// `[2B]` to `[B]`. The variance is that of the captioned half: to extrapolate log-variances means nothing.
  public func combine(_ output: ModelOutput) -> ModelOutput {
    let count = output.prediction.batchSize / 2
    let text = output.map { $0.clips(0..<count) }
    let null = output.prediction.clips(count..<2 * count)
    return ModelOutput(
      prediction: null + scale * (text.prediction - null), varianceLogits: text.varianceLogits)
  }
}
