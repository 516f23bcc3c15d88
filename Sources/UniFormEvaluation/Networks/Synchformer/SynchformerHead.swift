internal import Torch

/// The transformer that compares pictures and sound: an offset token, the pictures, a divider, the sound.
struct SynchformerHead {
  private let offsetToken, divider: Tensor  // [1, 1, D]
  private let pictureNorm, soundNorm, finalNorm: LayerNorm
  private let positions: Tensor  // [1, 198, D]
  private let blocks: [PreNormBlock]
  private let offsets: Linear

  init(_ p: Parameters) throws {
    let width = Synchformer.width
    offsetToken = try p("OFF_tok", 1, 1, width)
    divider = try p("MOD_tok", 1, 1, width)
    pictureNorm = try LayerNorm(p["vis_in_lnorm"], width)
    soundNorm = try LayerNorm(p["aud_in_lnorm"], width)
    let length =
      1 + Synchformer.segments * SynchformerVideo.steps + 1 + Synchformer.segments * SynchformerAudio.steps
    positions = try p["pos_emb_cfg"]("pos_emb", 1, length, width)
    blocks = try (0..<3).map {
      try PreNormBlock(p["blocks"][$0], .minGPT, width: width, heads: 8, epsilon: 1e-5)
    }
    finalNorm = try LayerNorm(p["ln_f"], width)
    offsets = try Linear(p["off_head"], width, 21)
  }

  /// Pictures `[B, 112, D]` and sound `[B, 84, D]` to `[B, 21]`.
  func callAsFunction(_ pictures: Tensor, _ sounds: Tensor) -> Tensor {
    let (batch, width) = (pictures.size(0), pictures.size(2))
    func token(_ x: Tensor) -> Tensor { x.expanded(batch, 1, width) }
    let sequence = Tensor.concatenate(
      [token(offsetToken), pictureNorm(pictures), token(divider), soundNorm(sounds)], axis: 1)  // [B, 198, D]
    let x = blocks.reduce(sequence + positions) { $1($0) }  // [B, 198, D]
    return offsets(finalNorm(x.selected(1, 0)))  // [B, 21]
  }
}

/// One transformer layer over a sequence and a token of its own, which is all that is kept: a learned average.
struct TokenAggregation {
  private let token: Tensor  // [1, 1, D]
  private let block: PreNormBlock

  init(_ p: Parameters, width: Int, heads: Int) throws {
    token = try p("cls_token", 1, 1, width)
    block = try PreNormBlock(p, .encoderLayer, width: width, heads: heads)
  }

  /// `[B, L, D]` to `[B, D]`.
  func callAsFunction(_ x: Tensor) -> Tensor {
    let own = token.expanded(x.size(0), 1, x.size(2))
    return block(.concatenate([own, x], axis: 1)).selected(1, 0)
  }
}
