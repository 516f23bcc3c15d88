internal import Torch

/// The visual half of Synchformer, a Motionformer with attention divided into time and space.
///
/// Letters: S segments, t = 8 steps of two frames, n = 196 patches, D = 768, h = 12.
struct SynchformerVideo {
  /// Vectors per segment.
  static let steps = 8
  /// Frames per segment, and from one to the next.
  static let (segmentFrames, segmentHop) = (16, 8)
  static let size = 224
  private static let patches = 14 * 14

  private let token: Tensor  // [1, 1, D]
  private let placePositions: Tensor  // [1, 1 + n, D]
  private let timePositions: Tensor  // [1, t, D]
  private let embedding, embeddingBias: Tensor
  private let blocks: [Block]
  private let norm: LayerNorm
  private let aggregation: TokenAggregation

  init(_ p: Parameters) throws {
    let width = Synchformer.width
    token = try p("cls_token", 1, 1, width)
    placePositions = try p("pos_embed", 1, 1 + Self.patches, width)
    timePositions = try p("temp_embed", 1, Self.steps, width)
    embedding = try p["patch_embed_3d.proj"]("weight", width, 3, 2, 16, 16)
    embeddingBias = try p["patch_embed_3d.proj"]("bias", width)
    blocks = try (0..<12).map { try Block(p["blocks"][$0], width: width, heads: 12) }
    norm = try LayerNorm(p["norm"], width, epsilon: 1e-6)
    aggregation = try TokenAggregation(p["spatial_attn_agg"], width: width, heads: 12)
  }

  /// Segments `[S, 3, 16, 224, 224]` in −1…1 to `[S, t, D]`.
  func callAsFunction(_ segments: Tensor) -> Tensor {
    let (count, width) = (segments.size(0), Synchformer.width)
    let patches = segments.conv3d(embedding, embeddingBias, stride: [2, 16, 16])  // [S, D, t, 14, 14]
      .permuted(0, 2, 3, 4, 1).reshaped(count, Self.steps, Self.patches, width)  // [S, t, n, D]
    let places = placePositions.narrowed(1, start: 1, length: Self.patches).unsqueezed(1)  // [1, 1, n, D]
    let placed = patches + places + timePositions.unsqueezed(2)  // [S, t, n, D]
    let first = (token + placePositions.narrowed(1, start: 0, length: 1)).expanded(count, 1, width)
    var x = Tensor.concatenate([first, placed.flattened(from: 1, to: 2)], axis: 1)  // [S, 1 + t·n, D]
    for block in blocks { x = block(x, steps: Self.steps) }  // [S, 1 + t·n, D]
    let kept = norm(x.narrowed(1, start: 1, length: Self.steps * Self.patches))  // [S, t·n, D]
    return aggregation(kept.reshaped(count * Self.steps, Self.patches, width))  // [S·t, D]
      .reshaped(count, Self.steps, width)  // [S, t, D]
  }

  /// Attention along time at each place, then within each step, then a feed-forward layer.
  private struct Block {
    let norms: [LayerNorm]
    let space, time: MultiHeadAttention
    let up, down: Linear

    init(_ p: Parameters, width: Int, heads: Int) throws {
      norms = try (1...3).map { try LayerNorm(p["norm\($0)"], width, epsilon: 1e-6) }
      space = try MultiHeadAttention(p["attn"], width: width, heads: heads, names: .timm)
      time = try MultiHeadAttention(p["timeattn"], width: width, heads: heads, names: .timm)
      up = try Linear(p["mlp.fc1"], width, 4 * width)
      down = try Linear(p["mlp.fc2"], 4 * width, width)
    }

    func callAsFunction(_ x: Tensor, steps: Int) -> Tensor {
      let a = x + time.divided(norms[2](x), steps: steps, alongTime: true)
      let b = a + space.divided(norms[0](a), steps: steps, alongTime: false)
      return b + down(up(norms[1](b)).gelu)
    }
  }
}

extension MultiHeadAttention {
  /// The first token attends to everything; all others to it and to those of their own place, or step.
  ///
  /// `x` is `[S, 1 + t·n, D]`.
  fileprivate func divided(_ x: Tensor, steps: Int, alongTime: Bool) -> Tensor {
    let (count, places) = (x.size(0), (x.size(1) - 1) / steps)
    let parts = projected(x).map { split($0) }  // three of [S, h, 1 + t·n, d]
    let first = Tensor.fusedAttention(
      query: parts[0].narrowed(2, start: 0, length: 1), key: parts[1], value: parts[2])  // [S, h, 1, d]
    let width = parts[0].size(3)
    /// `[S, h, G, L, d]`: G lines of L tokens.
    func lines(_ part: Tensor) -> Tensor {
      let grid = part.narrowed(2, start: 1, length: steps * places)
        .reshaped(count, heads, steps, places, width)
      return alongTime ? grid.transposed(2, 3) : grid
    }
    func withFirst(_ part: Tensor) -> Tensor {
      let own = lines(part)
      let shared = part.narrowed(2, start: 0, length: 1).unsqueezed(2)
        .expanded(count, heads, own.size(2), 1, width)
      return .concatenate([shared, own], axis: 3)  // [S, h, G, 1 + L, d]
    }
    func sequences(_ part: Tensor) -> Tensor {  // [S·h, G, L, d]
      part.reshaped(count * heads, part.size(2), part.size(3), width)
    }
    let query = lines(parts[0])
    let mixed = Tensor.fusedAttention(
      query: sequences(query), key: sequences(withFirst(parts[1])), value: sequences(withFirst(parts[2]))
    ).reshaped(query.shape)  // [S, h, G, L, d]
    let rest = (alongTime ? mixed.transposed(2, 3) : mixed).reshaped(count, heads, steps * places, width)
    return output(of: joined(.concatenate([first, rest], axis: 2)))  // [S, 1 + t·n, D]
  }
}
