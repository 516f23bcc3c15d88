private let foreachLerp = Operator("aten::_foreach_lerp_.Scalar")

/// A slow copy of the trained parameters: `average ← decay · average + (1 − decay) · parameter`.
public struct ExponentialMovingAverage {
  public let decay: Double
  public let averages: [Tensor]
  private let parameters: [ParameterStore.Entry]

  /// Starts from the parameters as they are.
  public init(_ parameters: [ParameterStore.Entry], decay: Double) {
    self.decay = decay
    self.parameters = parameters
    averages = withoutGradient { parameters.map { $0.tensor.detached.cloned } }
  }

  /// Young averages forget faster, so that the random start does not linger: the decay is at most
  /// `(1 + step) / (10 + step)`.
  public func update(step: Int) {
    let decay = min(decay, Double(1 + step) / Double(10 + step))
    withoutGradient {
      foreachLerp.run(
        .tensors(averages), .tensors(parameters.map { $0.tensor.detached }), .double(1 - decay))
    }
  }

  /// Runs `body` with the averages in place of the parameters.
  public func applied<Result>(_ body: () throws -> Result) rethrows -> Result {
    let saved = withoutGradient { parameters.map { $0.tensor.detached.cloned } }
    withoutGradient { for (entry, average) in zip(parameters, averages) { entry.tensor.copy_(average) } }
    defer {
      withoutGradient { for (entry, tensor) in zip(parameters, saved) { entry.tensor.copy_(tensor) } }
    }
    return try body()
  }
}
