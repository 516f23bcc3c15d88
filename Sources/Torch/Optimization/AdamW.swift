private let fusedAdamW = Operator("aten::_fused_adamw_")

/// AdamW with libtorch's fused kernel: one call for all parameters, ε added after the bias-corrected square root.
///
/// `p −= lr · (m̂ / (√v̂ + ε) + decay · p)`; decay applies to parameters of two or more axes.
public struct AdamW {
  public struct Configuration: Codable, Sendable, Equatable {
    public var beta1 = 0.9
    public var beta2 = 0.999
    public var epsilon = 1e-8
    public var weightDecay = 0.0

    public init(
      beta1: Double = 0.9, beta2: Double = 0.999, epsilon: Double = 1e-8, weightDecay: Double = 0
    ) {
      self.beta1 = beta1
      self.beta2 = beta2
      self.epsilon = epsilon
      self.weightDecay = weightDecay
    }
  }

  public let configuration: Configuration
  public let parameters: [ParameterStore.Entry]
  /// First and second moments, in the order of the parameters.
  public let firstMoments: [Tensor]
  public let secondMoments: [Tensor]
  /// Updates so far, one float per parameter as the kernel wants it.
  public let steps: [Tensor]

  public init(_ parameters: [ParameterStore.Entry], _ configuration: Configuration = Configuration()) {
    self.configuration = configuration
    self.parameters = parameters
    firstMoments = withoutGradient { parameters.map { $0.tensor.detached.zerosLike } }
    secondMoments = withoutGradient { parameters.map { $0.tensor.detached.zerosLike } }
    steps = parameters.map { Tensor.zeros([], device: $0.tensor.device) }
  }

  /// One update from the accumulated gradients; parameters without one stay as they are.
  public func step(learningRate: Double) {
    withoutGradient {
      // Decay pulls matrices to zero; gains, biases and tables of one row keep their place.
      update(learningRate, decay: configuration.weightDecay) { $0.rank >= 2 }
      update(learningRate, decay: 0) { $0.rank < 2 }
    }
  }

  private func update(_ learningRate: Double, decay: Double, _ belongs: (Tensor) -> Bool) {
    var chosen: [Int] = []
    var gradients: [Tensor] = []
    for (index, entry) in parameters.enumerated() where belongs(entry.tensor) {
      guard let gradient = entry.tensor.gradient else { continue }
      chosen.append(index)
      gradients.append(gradient)
    }
    guard !chosen.isEmpty else { return }
    let counters = chosen.map { steps[$0] }
    for counter in counters { counter.add_(Tensor(Float(1), device: counter.device)) }
    fusedAdamW.run(
      .tensors(chosen.map { parameters[$0].tensor }), .tensors(gradients),
      .tensors(chosen.map { firstMoments[$0] }), .tensors(chosen.map { secondMoments[$0] }), .tensors([]),
      .tensors(counters), .double(learningRate), .double(configuration.beta1), .double(configuration.beta2),
      .double(decay), .double(configuration.epsilon), .bool(false), .bool(false))
  }

  public func clearGradients() {
    for entry in parameters { entry.tensor.setGradient(nil) }
  }
}
