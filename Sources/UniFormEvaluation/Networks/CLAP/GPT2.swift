internal import Torch

/// GPT-2, read off at the last token of a caption.
///
/// Letters: B captions, L tokens, D width.
struct GPT2 {
  struct Configuration {
    var vocabulary = 50_257
    var width = 768
    var layers = 12
    var heads = 12
    var positions = 1024
  }

  private let words, positions: Embedding
  private let blocks: [PreNormBlock]
  private let norm: LayerNorm

  init(_ p: Parameters, _ c: Configuration) throws {
    words = try Embedding(p["wte"], c.vocabulary, c.width)
    positions = try Embedding(p["wpe"], c.positions, c.width)
    blocks = try (0..<c.layers).map {
      try PreNormBlock(p["h"][$0], .gpt2, width: c.width, heads: c.heads, epsilon: 1e-5)
    }
    norm = try LayerNorm(p["ln_f"], c.width)
  }

  /// Ids `[B, L]` with zeros behind to `[B, D]`. As in the reference, the last token is found by counting those that are not
  /// zero, although zero is an exclamation mark.
  func callAsFunction(_ ids: Tensor) -> Tensor {
    let (batch, length) = (ids.size(0), ids.size(1))
    let hidden = Tensor.ones([length, length]).lowerTriangle() .== 0
    let mask = Tensor.zeros([length, length]).maskedFill(hidden, -.infinity)
    var x = words(ids) + positions(Tensor.indices(length))  // [B, L, D]
    for block in blocks { x = block(x, mask: mask) }
    let last = ((ids .== 0).not.to(.int64).sum([1]) - 1).clamp(min: 0).to(.int64)  // [B]
    let index = last.reshaped(batch, 1, 1).expanded(batch, 1, x.size(2))
    return norm(x.gathered(1, by: index).squeezed(1))  // [B, D]
  }
}
