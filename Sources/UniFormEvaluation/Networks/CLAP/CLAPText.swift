internal import Torch

/// RoBERTa (arXiv 1907.11692), read off at its first token.
///
/// Letters: B captions, L tokens, D width.
struct CLAPText {
  /// The id of padding; positions count from one above it.
  private static let padding = 1

  private let words, positions, kinds: Embedding
  private let norm: LayerNorm
  private let blocks: [Block]
  private let pooler: Linear

  init(_ p: Parameters, _ c: CLAP.Configuration.Text) throws {
    let embeddings = p["embeddings"]
    words = try Embedding(embeddings["word_embeddings"], c.vocabulary, c.width)
    positions = try Embedding(embeddings["position_embeddings"], c.positions, c.width)
    kinds = try Embedding(embeddings["token_type_embeddings"], 1, c.width)
    norm = try LayerNorm(embeddings["LayerNorm"], c.width, epsilon: Self.epsilon)
    blocks = try (0..<c.layers).map {
      try Block(p["encoder.layer"][$0], width: c.width, heads: c.heads)
    }
    pooler = try Linear(p["pooler.dense"], c.width, c.width)
  }

  private static let epsilon = 1e-12

  /// Ids and mask `[B, L]` to `[B, D]`.
  func callAsFunction(_ ids: Tensor, mask: Tensor) -> Tensor {
    let present = mask.to(.int64)
    let places = present.cumulativeSum(1) * present + Double(Self.padding)  // [B, L]
    var x = words(ids) + kinds.weight + positions(places.to(.int64))  // [B, L, D]
    x = norm(x)
    let hidden = (1 - mask.to(.float32)) * -Double(Float.greatestFiniteMagnitude)
    let added = hidden.unsqueezed(1).unsqueezed(1)  // [B, 1, 1, L]
    for block in blocks { x = block(x, mask: added) }  // [B, L, D]
    return pooler(x.selected(1, 0)).tanh  // [B, D]
  }

  /// Attention and a feed-forward layer, each added to its input and normalised afterwards.
  private struct Block {
    let attention: MultiHeadAttention
    let attentionNorm, feedForwardNorm: LayerNorm
    let up, down: Linear

    init(_ p: Parameters, width: Int, heads: Int) throws {
      attention = try MultiHeadAttention(
        p["attention"], width: width, heads: heads,
        names: .separate(query: "self.query", key: "self.key", value: "self.value", output: "output.dense"))
      attentionNorm = try LayerNorm(p["attention.output.LayerNorm"], width, epsilon: CLAPText.epsilon)
      up = try Linear(p["intermediate.dense"], width, 4 * width)
      down = try Linear(p["output.dense"], 4 * width, width)
      feedForwardNorm = try LayerNorm(p["output.LayerNorm"], width, epsilon: CLAPText.epsilon)
    }

    func callAsFunction(_ x: Tensor, mask: Tensor) -> Tensor {
      let attended = attentionNorm(x + attention(x, mask: mask))  // [B, L, D]
      return feedForwardNorm(attended + down(up(attended).gelu))  // [B, L, D]
    }
  }
}
