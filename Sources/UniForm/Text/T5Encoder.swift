public import Torch

/// The encoder of T5 v1.1 and FLAN-T5, in float32 or bfloat16.
///
/// Letters: B captions, L positions, D width, h heads, d head width, F feed-forward width. No layer has a
/// bias vector, scores are not scaled, and the position bias of block 0 serves all blocks.
public struct T5Encoder {
  public let configuration: Configuration
  private let embedding: Embedding
  private let positionBias: Tensor  // [buckets, h]
  private let blocks: [Block]
  private let finalNorm: RMSNorm

  /// `parameters` lies at the root of the published names (`shared`, `encoder`); files are first brought to
  /// them by ``T5Keys``. Throws ``ConfigurationError`` or `WeightError`.
  public init(_ parameters: Parameters, _ configuration: Configuration = Configuration()) throws {
    try configuration.validate()
    guard parameters.store.dtype != .float16 else {
      throw ConfigurationError("a T5 encoder overflows in float16; load it in bfloat16 or float32")
    }
    self.configuration = configuration
    let c = configuration
    let encoder = parameters["encoder"]
    embedding = try Embedding(parameters["shared"], c.vocabularySize, c.width)
    positionBias = try encoder["block.0.layer.0.SelfAttention.relative_attention_bias"](
      "weight", c.buckets, c.heads, initialization: .scaled(c.width))
    blocks = try (0..<c.layers).map { try Block(encoder["block"][$0]["layer"], c) }
    finalNorm = try RMSNorm(encoder["final_layer_norm"], c.width, epsilon: c.epsilon)
  }

  /// Token ids `[B, L]` with a mask `[B, L]` (nonzero for tokens) to embeddings in `dtype`, by default the
  /// dtype of the parameters.
  public func callAsFunction(_ ids: Tensor, mask: Tensor, dtype: DType? = nil) -> TextEmbeddings {
    states(ids, mask: mask, distances: distances(length: mask.size(1), device: mask.device), dtype: dtype)
  }

  /// The same with ``distances(length:device:)`` from before, all of it on the device.
  func states(_ ids: Tensor, mask: Tensor, distances: Tensor, dtype: DType? = nil) -> TextEmbeddings {
    precondition(dtype != .float16, "a T5 encoder overflows in float16")
    var x = embedding(ids).to(dtype ?? embedding.weight.dtype)  // [B, L, D]
    let bias = attentionBias(distances, mask: mask)  // [B, h, L, L]
    for block in blocks { x = block(x, bias: bias) }  // [B, L, D]
    return TextEmbeddings(hiddenStates: finalNorm(x), mask: mask)
  }

  /// The bucket of each pair of positions, `[L, L]`.
  func distances(length: Int, device: Device) -> Tensor {
    let buckets = RelativePositionBuckets(
      count: configuration.buckets, maximumDistance: configuration.maximumDistance)
    let ofOffset = (0..<2 * length - 1).map { buckets.bucket($0 - (length - 1)) }
    let indices = (0..<length).flatMap { query in ofOffset[(length - 1 - query)..<(2 * length - 1 - query)] }
    return Tensor(indices, shape: [length, length], device: device)
  }

  /// What is added to the scores, in float32: a value per head and distance, and a huge negative one for
  /// padding.
  private func attentionBias(_ distances: Tensor, mask: Tensor) -> Tensor {
    let bias = positionBias.to(.float32).embedding(distances).permuted(2, 0, 1).unsqueezed(0)  // [1, h, L, L]
    let padding = (mask.to(.float32) .== 0).unsqueezed(1).unsqueezed(1)  // [B, 1, 1, L]
    return bias.maskedFill(padding, -Double(Float.greatestFiniteMagnitude))  // [B, h, L, L]
  }
}

extension T5Encoder {
  /// Self-attention and a gated feed-forward layer, each on its normalised input and added to it.
  struct Block {
    let attentionNorm: RMSNorm
    let query, key, value, output: Linear
    let feedForwardNorm: RMSNorm
    let gate, linear, projection: Linear
    let heads: Int

    init(_ p: Parameters, _ c: Configuration) throws {
      func dense(_ p: Parameters, _ inputs: Int, _ outputs: Int, _ start: Initialization) throws -> Linear {
        try Linear(p, inputs, outputs, bias: false, weightInitialization: start)
      }
      let (attention, feedForward) = (p["0.SelfAttention"], p["1.DenseReluDense"])
      let inner = c.attentionWidth
      attentionNorm = try RMSNorm(p["0.layer_norm"], c.width, epsilon: c.epsilon)
      // The missing 1/√d of the scores is in the start of the queries.
      query = try dense(attention["q"], c.width, inner, .scaled(c.width * c.headWidth))
      key = try dense(attention["k"], c.width, inner, .scaled(c.width))
      value = try dense(attention["v"], c.width, inner, .scaled(c.width))
      output = try dense(attention["o"], inner, c.width, .scaled(inner))
      feedForwardNorm = try RMSNorm(p["1.layer_norm"], c.width, epsilon: c.epsilon)
      gate = try dense(feedForward["wi_0"], c.width, c.feedForwardWidth, .scaled(c.width))
      linear = try dense(feedForward["wi_1"], c.width, c.feedForwardWidth, .scaled(c.width))
      projection = try dense(feedForward["wo"], c.feedForwardWidth, c.width, .scaled(c.feedForwardWidth))
      heads = c.heads
    }

    func callAsFunction(_ x: Tensor, bias: Tensor) -> Tensor {
      let attended = attention(attentionNorm(x), bias: bias, adding: x)  // [B, L, D]
      let h = feedForwardNorm(attended)  // [B, L, D]
      return projection(linear(h, times: gate.geluTanh(h)), adding: attended)  // [B, L, D]
    }

    private func attention(_ x: Tensor, bias: Tensor, adding residual: Tensor) -> Tensor {
      let (batch, length) = (x.size(0), x.size(1))
      func split(_ x: Tensor) -> Tensor { x.reshaped(batch, length, heads, -1).transposed(1, 2) }
      let scores = split(query(x)).matmul(split(key(x)).transposed(2, 3)) + bias  // [B, h, L, L]
      let weights = scores.softmax(-1, dtype: .float32).to(x.dtype)  // [B, h, L, L]
      let mixed = weights.matmul(split(value(x)))  // [B, h, L, d]
      return output(mixed.transposed(1, 2).reshaped(batch, length, -1), adding: residual)  // [B, L, D]
    }
  }
}

extension Initialization {
  /// Normal with variance 1/fan, as T5 starts its layers.
  fileprivate static func scaled(_ fan: Int) -> Initialization {
    .normal(deviation: 1 / Double(fan).squareRoot())
  }
}
