/// Which linear layers of a model get a low-rank adapter (Hu et al. 2021), and of which size. Set in a
/// ``ParameterStore`` before a model is made from it, only the adapters are trained.
public struct LowRankAdapters: Sendable, Equatable {
  /// Columns of the two thin matrices.
  public var rank: Int
  /// The product is scaled by `alpha / rank`.
  public var alpha: Double
  /// Ends of the names of layers: `attn.qkv`.
  public var targets: [String]

  public init(rank: Int, alpha: Double, targets: [String]) {
    self.rank = rank
    self.alpha = alpha
    self.targets = targets
  }

  public var scale: Double { alpha / Double(rank) }

  public func covers(_ layer: String) -> Bool {
    targets.contains { layer == $0 || layer.hasSuffix(".\($0)") }
  }
}

/// `scale · B·A·x` beside a linear layer, with the names that peft and diffusers give the two: `lora_A` starts random and
/// `lora_B` zero, so that training begins with the layer as it was.
struct LowRankAdapter {
  let down: Tensor  // [rank, in]
  let up: Tensor  // [out, rank]
  let scale: Double

  /// Nil where the store has no adapter for this layer.
  init?(_ parameters: Parameters, _ inputs: Int, _ outputs: Int) throws(WeightError) {
    guard let adapters = parameters.store.adapters, adapters.covers(parameters.prefix) else { return nil }
    down = try parameters["lora_A"]("weight", adapters.rank, inputs)
    up = try parameters["lora_B"]("weight", outputs, adapters.rank, initialization: .zeros)
    scale = adapters.scale
  }

  func callAsFunction(_ x: Tensor) -> Tensor {
    x.linear(down.to(x.dtype), nil).linear(up.to(x.dtype), nil) * scale
  }
}
