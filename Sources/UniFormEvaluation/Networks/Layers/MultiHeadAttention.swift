internal import Torch

/// Self-attention of published transformers, which store the same projections under three kinds of names.
///
/// Letters: B sequences, L their length, D width, h heads, d = D/h.
struct MultiHeadAttention {
  /// One layer with 3·D outputs, or queries, keys and values apart.
  private let projections: [Linear]
  private let output: Linear
  /// A learned key and value that every query sees besides those of the sequence.
  private let extra: (key: Tensor, value: Tensor)?
  let heads: Int

  enum Names {
    /// One layer for all three.
    case fused(input: String, output: String)
    /// The same as timm calls it.
    static let timm = Names.fused(input: "qkv", output: "proj")
    /// torch's own module: `in_proj_weight`, `in_proj_bias`, `out_proj`, and `bias_k`, `bias_v` with an extra key.
    case packed(extraKey: Bool)
    case separate(query: String, key: String, value: String, output: String)
  }

  init(_ p: Parameters, width: Int, heads: Int, names: Names) throws {
    self.heads = heads
    switch names {
    case .fused(let input, let output):
      projections = [try Linear(p[input], width, 3 * width)]
      self.output = try Linear(p[output], width, width)
      extra = nil
    case .packed(let extraKey):
      projections = [
        Linear(weight: try p("in_proj_weight", 3 * width, width), bias: try p("in_proj_bias", 3 * width))
      ]
      output = try Linear(p["out_proj"], width, width)
      extra = extraKey ? (try p("bias_k", 1, 1, width), try p("bias_v", 1, 1, width)) : nil
    case .separate(let query, let key, let value, let output):
      projections = try [query, key, value].map { try Linear(p[$0], width, width) }
      self.output = try Linear(p[output], width, width)
      extra = nil
    }
  }

  /// `[B, L, D]`; `mask` is added to the scores and broadcasts to `[B, h, L, L]`.
  func callAsFunction(_ x: Tensor, mask: Tensor? = nil) -> Tensor {
    let parts = projected(x)  // three of [B, L, D]
    let batch = x.size(0)
    var (key, value) = (parts[1], parts[2])
    if let extra {
      let width = x.size(2)
      key = .concatenate([key, extra.key.expanded(batch, 1, width)], axis: 1)
      value = .concatenate([value, extra.value.expanded(batch, 1, width)], axis: 1)
    }
    return output(
      joined(.fusedAttention(query: split(parts[0]), key: split(key), value: split(value), mask: mask)))
  }

  /// Queries, keys and values, each `[B, L, D]`.
  func projected(_ x: Tensor) -> [Tensor] {
    projections.count == 1 ? projections[0](x).chunked(3, axis: -1) : projections.map { $0(x) }
  }

  /// `[B, L, D]` to `[B, h, L, d]`.
  func split(_ x: Tensor) -> Tensor { x.reshaped(x.size(0), x.size(1), heads, -1).transposed(1, 2) }

  /// `[B, h, L, d]` to `[B, L, D]`.
  func joined(_ x: Tensor) -> Tensor { x.transposed(1, 2).reshaped(x.size(0), x.size(2), -1) }

  func output(of joined: Tensor) -> Tensor { output(joined) }
}
