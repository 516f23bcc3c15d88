internal import Torch

/// What the diffusion time does to the tokens of a block: shift, scale and gate before attention and before the
/// feed-forward, for one or two groups of tokens.
///
/// Condition tokens are clean and see t = 0, generated tokens see t; the groups lie one after another along the
/// token axis.
struct Modulation {
  /// Per group `[B, T or 1, 6, D]` before the block's own table is added.
  let groups: [Tensor]
  /// Tokens per frame of each group; ignored for a single group.
  let sizes: [Int]

  /// The rows of `table + group`, each broadcastable to `[B, T, S, D]`.
  func rows(adding table: Tensor) -> [Tensor] {
    let count = table.size(0)
    let parts = groups.map { $0 + table.to($0.dtype) }  // [B, T', 6, D]
    return (0..<count).map { row in
      let pieces = parts.map { $0.selected(2, row).unsqueezed(2) }  // [B, T', 1, D]
      guard pieces.count > 1 else { return pieces[0] }
      return Tensor.concatenate(
        zip(pieces, sizes).map { piece, size in piece.expanded(-1, -1, size, -1) }, axis: 2)
    }
  }
}

/// One spatial or temporal block of STDiT3: self-attention, cross-attention to text, feed-forward.
///
/// Letters: B clips, T latent frames, S tokens per frame, D width.
struct STDiT3Block {
  enum Axis: Sendable { case spatial, temporal }

  let axis: Axis
  let attention: SelfAttention
  let crossAttention: CrossAttention
  let feedForwardIn: Linear
  let feedForwardOut: Linear
  let scaleShiftTable: Tensor  // [6, D]

  init(_ parameters: Parameters, _ c: UniFormDiT.Configuration, axis: Axis) throws {
    self.axis = axis
    // Temporal blocks start as identity, so that weights of an image model keep their meaning.
    let isNew = axis == .temporal
    scaleShiftTable = try parameters(
      "scale_shift_table", 6, c.hiddenSize,
      initialization: .normal(deviation: 1 / Double(c.hiddenSize).squareRoot()))
    attention = try SelfAttention(
      parameters["attn"], width: c.hiddenSize, heads: c.heads, qkNorm: c.qkNorm, startsAsIdentity: isNew)
    crossAttention = try CrossAttention(
      parameters["cross_attn"], width: c.hiddenSize, heads: c.heads, startsAsIdentity: isNew)
    let inner = Int(Double(c.hiddenSize) * c.mlpRatio)
    feedForwardIn = try Linear(
      parameters["mlp"]["fc1"], c.hiddenSize, inner, weightInitialization: .xavierUniform,
      biasInitialization: .zeros)
    feedForwardOut = try Linear(
      parameters["mlp"]["fc2"], inner, c.hiddenSize, weightInitialization: isNew ? .zeros : .xavierUniform,
      biasInitialization: .zeros)
  }

  func callAsFunction(
    _ input: Tensor, _ modulation: Modulation, _ text: TextKeysValues, textMask: Tensor?,
    rotary: RotaryEmbedding
  ) -> Tensor {
    let m = modulation.rows(adding: scaleShiftTable)  // shift1, scale1, gate1, shift2, scale2, gate2
    var x = input  // [B, T, S, D]
    var z = modulated(x, shift: m[0], scale: m[1])  // [B, T, S, D]
    z = attention(z, along: axis, rotary: rotary)  // [B, T, S, D]
    x = x.addcmul(m[2], z)  // [B, T, S, D]
    x = crossAttention(x, text, mask: textMask)  // [B, T, S, D]
    z = modulated(x, shift: m[3], scale: m[4])  // [B, T, S, D]
    z = feedForwardOut(feedForwardIn.geluTanh(z))  // [B, T, S, D]
    return FusedKernels.serve(x) ? x.addcmul_(m[5], z) : x.addcmul(m[5], z)  // [B, T, S, D]
  }
}

/// `LN(x) · (1 + scale) + shift`, without gains of its own.
func modulated(_ x: Tensor, shift: Tensor, scale: Tensor) -> Tensor {
  guard !FusedKernels.serve(x) else { return x.fusedModulatedNorm(shift: shift, scale: scale, epsilon: 1e-6) }
  return shift.addcmul(x.layerNorm([x.size(-1)], epsilon: 1e-6), scale + 1)
}
