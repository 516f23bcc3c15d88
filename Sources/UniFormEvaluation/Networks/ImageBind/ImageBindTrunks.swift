internal import Torch

extension ImageBind {
  /// Layers and head that all three trunks have.
  private struct Layers {
    let blocks: [PreNormBlock]
    let norm: LayerNorm
    let projection: Linear

    init(
      _ p: Parameters, _ modality: String, _ trunk: Configuration.Trunk, output: Int, extraKey: Bool = false,
      head: (norm: String, projection: String) = ("0", "2")
    ) throws {
      let layers = p["modality_trunks.\(modality).blocks"]
      blocks = try (0..<trunk.layers).map {
        try PreNormBlock(layers[$0], .imageBind(extraKey: extraKey), width: trunk.width, heads: trunk.heads)
      }
      let heads = p["modality_heads.\(modality)"]
      norm = try LayerNorm(heads[head.norm], trunk.width, epsilon: 1e-6)
      projection = try Linear(heads[head.projection], trunk.width, output, bias: false)
    }

    /// `[B, L, D]` through all layers.
    func callAsFunction(_ x: Tensor, mask: Tensor? = nil) -> Tensor {
      blocks.reduce(x) { $1($0, mask: mask) }
    }

    /// One token per sequence, `[B, D]`, to the common space.
    func head(_ tokens: Tensor) -> Tensor { projection(norm(tokens)) }
  }

  /// Two pictures as 16 × 16 patches of both.
  struct VideoTrunk {
    private let token, positions, embedding: Tensor
    private let norm: LayerNorm
    private let layers: Layers

    init(_ parameters: Parameters, _ c: Configuration) throws {
      let p = parameters["modality_preprocessors.vision"]
      let width = c.video.width
      token = try p("cls_token", 1, 1, width)
      positions = try p["pos_embedding_helper"]("pos_embed", 1, 257, width)
      embedding = try p["rgbt_stem.proj.1"]("weight", width, 3, 2, 14, 14)
      norm = try LayerNorm(
        parameters["modality_trunks.vision.pre_transformer_layer.0"], width, epsilon: 1e-6)
      layers = try Layers(parameters, "vision", c.video, output: c.width)
    }

    /// `[B, 3, 2, 224, 224]` to `[B, 1024]`.
    func callAsFunction(_ pairs: Tensor) -> Tensor {
      let patches = pairs.conv3d(embedding, stride: [2, 14, 14])  // [B, D, 1, 16, 16]
        .flattened(from: 2).transposed(1, 2)  // [B, 256, D]
      let first = token.expanded(pairs.size(0), 1, token.size(2))
      let x = norm(.concatenate([first, patches], axis: 1) + positions)  // [B, 257, D]
      return layers.head(layers(x).selected(1, 0))  // [B, 1024]
    }
  }

  /// Two seconds of sound as 12 × 19 overlapping patches of a filter bank.
  struct AudioTrunk {
    private let token, positions, embedding: Tensor
    private let norm: LayerNorm
    private let layers: Layers

    init(_ parameters: Parameters, _ c: Configuration) throws {
      let p = parameters["modality_preprocessors.audio"]
      let width = c.audio.width
      token = try p("cls_token", 1, 1, width)
      positions = try p["pos_embedding_helper"]("pos_embed", 1, 229, width)
      embedding = try p["rgbt_stem.proj"]("weight", width, 1, 16, 16)
      norm = try LayerNorm(p["rgbt_stem.norm_layer"], width)
      layers = try Layers(parameters, "audio", c.audio, output: c.width, extraKey: true)
    }

    /// `[B, 128, 204]` to `[B, 1024]`.
    func callAsFunction(_ banks: Tensor) -> Tensor {
      let patches = banks.unsqueezed(1).conv2d(embedding, stride: [10, 10])  // [B, D, 12, 19]
        .flattened(from: 2).transposed(1, 2)  // [B, 228, D]
      let first = token.expanded(banks.size(0), 1, token.size(2))
      let x = .concatenate([first, norm(patches)], axis: 1) + positions  // [B, 229, D]
      return layers.head(layers(x).selected(1, 0))  // [B, 1024]
    }
  }

  /// A caption, each token of which sees those before it; the last one stands for all.
  struct TextTrunk {
    private let embedding: Embedding
    private let positions, mask: Tensor
    private let layers: Layers

    init(_ parameters: Parameters, _ c: Configuration) throws {
      let p = parameters["modality_preprocessors.text"]
      let (width, length) = (c.text.width, CLIPTokenizer.length)
      embedding = try Embedding(p["token_embedding"], c.vocabulary, width)
      positions = try p("pos_embed", 1, length, width)
      mask = Tensor.zeros([length, length])
        .maskedFill(Tensor.ones([length, length]).lowerTriangle() .== 0, -.infinity)
      layers = try Layers(
        parameters, "text", c.text, output: c.width, head: ("proj.0", "proj.1"))
    }

    /// Ids `[B, 77]` to `[B, 1024]`.
    func callAsFunction(_ ids: Tensor) -> Tensor {
      let x = layers(embedding(ids) + positions, mask: mask)  // [B, 77, D]
      // The end has the highest id.
      let last = ids.argmax(-1).reshaped(ids.size(0), 1, 1).expanded(ids.size(0), 1, x.size(2))
      return layers.head(x.gathered(1, by: last).squeezed(1))  // [B, 1024]
    }
  }
}
