internal import Torch

/// A layer of a vision transformer: attention and a feed-forward layer, each on its normalised input and added to it.
struct PreNormBlock {
  private let attentionNorm, feedForwardNorm: LayerNorm
  private let attention: MultiHeadAttention
  private let up, down: Linear
  private let approximatesGELU: Bool

  /// What a published file calls the parts.
  struct Names {
    let attentionNorm, attention, feedForwardNorm, up, down: String
    let projections: MultiHeadAttention.Names
    /// Whether its GELU is the approximation by a hyperbolic tangent.
    var approximatesGELU = false

    static let timm = Names(
      attentionNorm: "norm1", attention: "attn", feedForwardNorm: "norm2", up: "mlp.fc1", down: "mlp.fc2",
      projections: .timm)
    /// torch's own encoder layer.
    static let encoderLayer = Names(
      attentionNorm: "norm1", attention: "self_attn", feedForwardNorm: "norm2", up: "linear1",
      down: "linear2",
      projections: .packed(extraKey: false))
    /// transformers' audio spectrogram transformer.
    static let spectrogram = Names(
      attentionNorm: "layernorm_before", attention: "attention", feedForwardNorm: "layernorm_after",
      up: "intermediate.dense", down: "output.dense",
      projections: .separate(
        query: "attention.query", key: "attention.key", value: "attention.value", output: "output.dense"))
    static let minGPT = Names(
      attentionNorm: "ln1", attention: "attn", feedForwardNorm: "ln2", up: "mlp.0", down: "mlp.2",
      projections: .separate(query: "query", key: "key", value: "value", output: "proj"))
    static let gpt2 = Names(
      attentionNorm: "ln_1", attention: "attn", feedForwardNorm: "ln_2", up: "mlp.c_fc", down: "mlp.c_proj",
      projections: .fused(input: "c_attn", output: "c_proj"), approximatesGELU: true)
    static func imageBind(extraKey: Bool) -> Names {
      Names(
        attentionNorm: "norm_1", attention: "attn", feedForwardNorm: "norm_2", up: "mlp.fc1", down: "mlp.fc2",
        projections: .packed(extraKey: extraKey))
    }
  }

  init(_ p: Parameters, _ names: Names, width: Int, heads: Int, epsilon: Double = 1e-6) throws {
    attentionNorm = try LayerNorm(p[names.attentionNorm], width, epsilon: epsilon)
    attention = try MultiHeadAttention(
      p[names.attention], width: width, heads: heads, names: names.projections)
    feedForwardNorm = try LayerNorm(p[names.feedForwardNorm], width, epsilon: epsilon)
    up = try Linear(p[names.up], width, 4 * width)
    down = try Linear(p[names.down], 4 * width, width)
    approximatesGELU = names.approximatesGELU
  }

  /// `[B, L, D]`.
  func callAsFunction(_ x: Tensor, mask: Tensor? = nil) -> Tensor {
    let attended = x + attention(attentionNorm(x), mask: mask)  // [B, L, D]
    let wide = up(feedForwardNorm(attended))  // [B, L, 4·D]
    return attended + down(approximatesGELU ? wide.geluTanh : wide.gelu)  // [B, L, D]
  }
}
