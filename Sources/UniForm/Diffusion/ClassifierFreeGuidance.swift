import Torch

/// Strengthens text (Ho & Salimans 2022) and, where it is asked for, the given modality: the network also runs on what
/// lacks them, and the prediction moves on along the differences.
///
/// A batch of B clips becomes B rows for each pass, in this order: all that is given; the null caption in place of the
/// text; a negative in place of the condition as well. With both, the passes and their scales are those of InstructPix2Pix
/// (Brooks et al. 2023), text last.
public struct ClassifierFreeGuidance: Sendable, Equatable {
  /// s in `ε_null + s·(ε_text − ε_null)`; the paper uses 5. At 1 there is no pass for it.
  public let scale: Double
  /// The same for the condition against its negative; 1, as in the paper, has no pass.
  public let conditionScale: Double

  /// Nil where a single pass gives the same: at scale 1, and without anything to guide.
  public init?(scale: Double, hasText: Bool, conditionScale: Double = 1, hasCondition: Bool = false) {
    self.scale = hasText ? scale : 1
    self.conditionScale = hasCondition ? conditionScale : 1
    if passes == 1 { return nil }
  }

  var guidesText: Bool { scale != 1 }
  var guidesCondition: Bool { conditionScale != 1 }
  /// Evaluations of the network per step: 2, or 3 where both are guided.
  public var passes: Int { 1 + (guidesText ? 1 : 0) + (guidesCondition ? 1 : 0) }

  /// One prediction for `[B]` clips from a model whose text conditioning is that of all passes.
  ///
  /// - Parameter negative: the state with the condition's negative, where the condition is guided.
  public func predict(
    _ state: AVLatents, negative: AVLatents? = nil, _ timesteps: TokenTimesteps, model: DenoisingModel
  ) rethrows -> ModelOutput {
    var rows = [AVLatents](repeating: state, count: passes)
    if guidesCondition, let negative { rows[passes - 1] = negative }
    return combine(
      try model(
        .concatenate(rows), timesteps.map { .concatenate([Tensor](repeating: $0, count: passes), axis: 0) }))
  }

  /// `[passes · B]` to `[B]`. The variance is that of the first pass: to extrapolate log-variances means nothing.
  public func combine(_ output: ModelOutput) -> ModelOutput {
    let count = output.prediction.batchSize / passes
    let passes = (0..<passes).map { pass in output.map { $0.clips(pass * count..<(pass + 1) * count) } }
    let scales = (guidesText ? [scale] : []) + (guidesCondition ? [conditionScale] : [])
    var prediction = passes[passes.count - 1].prediction
    for (index, scale) in scales.enumerated().reversed() {
      prediction = prediction + scale * (passes[index].prediction - passes[index + 1].prediction)
    }
    return ModelOutput(prediction: prediction, varianceLogits: passes[0].varianceLogits)
  }
}
