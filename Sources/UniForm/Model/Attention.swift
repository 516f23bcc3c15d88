internal import Torch

/// Scaled dot-product attention over `[B, heads, L, d]`; `mask` is added to the scores.
///
/// On a CPU, plain products are faster than the fused kernel for short sequences and in every backward pass; the
/// fused kernel wins for long ones, and on a GPU.
func attention(query: Tensor, key: Tensor, value: Tensor, mask: Tensor? = nil) -> Tensor {
  let isShort = key.size(-2) <= 64 || query.requiresGradient
  guard query.device.worksLikeCPU, isShort else {
    return .fusedAttention(query: query, key: key, value: value, mask: mask?.to(query.dtype))
  }
  let scale = 1 / Double(query.size(-1)).squareRoot()
  var scores = (query * scale).matmul(key.transposed(-2, -1))  // [B, heads, Lq, Lk]
  if let mask { scores = scores + mask.to(scores.dtype) }
  return scores.softmax(-1, dtype: .float32).to(value.dtype).matmul(value)
}

/// Self-attention of a spatial or temporal block, with optional root-mean-square norm of queries and keys.
///
/// Letters: N sequences, L their length, D width, h heads, d = D/h.
struct SelfAttention {
  let qkv: Linear
  let projection: Linear
  let queryNorm: RMSNorm?
  let keyNorm: RMSNorm?
  let heads: Int

  init(_ parameters: Parameters, width: Int, heads: Int, qkNorm: Bool, startsAsIdentity: Bool) throws {
    qkv = try Linear(
      parameters["qkv"], width, 3 * width, weightInitialization: .xavierUniform, biasInitialization: .zeros)
    queryNorm = qkNorm ? try RMSNorm(parameters["q_norm"], width / heads) : nil
    keyNorm = qkNorm ? try RMSNorm(parameters["k_norm"], width / heads) : nil
    projection = try Linear(
      parameters["proj"], width, width, weightInitialization: startsAsIdentity ? .zeros : .xavierUniform,
      biasInitialization: .zeros)
    self.heads = heads
  }

  /// Attends along one axis of `[B, T, S, D]`: within frames, or along time at each place, with rotary positions.
  func callAsFunction(_ x: Tensor, along axis: STDiT3Block.Axis, rotary: RotaryEmbedding) -> Tensor {
    if FusedKernels.serve(x) { return fused(x, along: axis, rotary: rotary) }
    return axis == .spatial ? spatial(x) : temporal(x, rotary: rotary)
  }

  /// The same in one kernel, which reads the rows where the projection left them.
  private func fused(_ x: Tensor, along axis: STDiT3Block.Axis, rotary: RotaryEmbedding) -> Tensor {
    let (b, t, s, width) = (x.size(0), x.size(1), x.size(2), x.size(3))
    let parts = qkv(x).reshaped(b, t, s, 3, heads, width / heads)  // [B, T, S, 3, h, d]
    let shape = [b, t, s, heads, width / heads]
    let y = Tensor.empty(shape, dtype: x.dtype, device: x.device)  // [B, T, S, h, d]
    func lined(_ rows: Tensor) -> Tensor { axis == .spatial ? rows : rows.transposed(1, 2) }
    lined(y).writeAttention(
      query: lined(parts.selected(3, 0)), key: lined(parts.selected(3, 1)),
      value: lined(parts.selected(3, 2)),
      gains: queryNorm.flatMap { query in
        keyNorm.map { (query.weight.to(.float32), $0.weight.to(.float32)) }
      }, epsilon: queryNorm?.epsilon ?? 0, rotary: axis == .temporal ? (rotary.cosines, rotary.sines) : nil)
    return projection(y.reshaped(b, t, s, width))
  }

  /// Attends along axis 2 of `[B, T, S, D]` (within frames).
  private func spatial(_ x: Tensor) -> Tensor {
    let (b, t, s, width) = (x.size(0), x.size(1), x.size(2), x.size(3))
    let parts = qkv(x).reshaped(b * t, s, 3, heads, width / heads)  // [N, L, 3, h, d]
      .permuted(2, 0, 3, 1, 4)  // [3, N, h, L, d]
    let (q, k, v) = normalized(parts)
    let y = attention(query: q, key: k, value: v)  // [N, h, L, d]
    return projection(y.transposed(1, 2).reshaped(b, t, s, width))
  }

  /// Attends along axis 1 of `[B, T, S, D]` (along time at each place), with rotary positions.
  private func temporal(_ x: Tensor, rotary: RotaryEmbedding) -> Tensor {
    let (b, t, s, width) = (x.size(0), x.size(1), x.size(2), x.size(3))
    let parts = qkv(x).reshaped(b, t, s, 3, heads, width / heads)  // [B, T, S, 3, h, d]
      .permuted(3, 0, 2, 4, 1, 5)  // [3, B, S, h, T, d]
      .reshaped(3, b * s, heads, t, width / heads)  // [3, N, h, L, d]
    let (q, k, v) = normalized(parts)
    let y = attention(query: rotary(q), key: rotary(k), value: v)  // [N, h, L, d]
    return projection(
      y.reshaped(b, s, heads, t, width / heads).permuted(0, 3, 1, 2, 4).reshaped(b, t, s, width))
  }

  private func normalized(_ parts: Tensor) -> (Tensor, Tensor, Tensor) {
    let (q, k, v) = (parts.selected(0, 0), parts.selected(0, 1), parts.selected(0, 2))
    return (queryNorm?(q) ?? q, keyNorm?(k) ?? k, v)
  }
}

/// Text keys and values of one block: computed once per clip.
public struct TextKeysValues {
  let key: Tensor  // [B, h, L, d]
  let value: Tensor  // [B, h, L, d]
}

/// Attention of all tokens of a clip to its text; no norm and no gate, as in STDiT3.
struct CrossAttention {
  let query: Linear
  let keyValue: Linear
  let projection: Linear
  let heads: Int

  init(_ parameters: Parameters, width: Int, heads: Int, startsAsIdentity: Bool) throws {
    query = try Linear(
      parameters["q_linear"], width, width, weightInitialization: .xavierUniform, biasInitialization: .zeros)
    keyValue = try Linear(
      parameters["kv_linear"], width, 2 * width, weightInitialization: .xavierUniform,
      biasInitialization: .zeros)
    projection = try Linear(
      parameters["proj"], width, width, weightInitialization: startsAsIdentity ? .zeros : .xavierUniform,
      biasInitialization: .zeros)
    self.heads = heads
  }

  /// `text` is `[B, L, D]`.
  func keysValues(_ text: Tensor) -> TextKeysValues {
    let (b, l, width) = (text.size(0), text.size(1), text.size(2))
    let parts = keyValue(text).reshaped(b, l, 2, heads, width / heads).permuted(2, 0, 3, 1, 4)
    return TextKeysValues(key: parts.selected(0, 0), value: parts.selected(0, 1))
  }

  /// `x` `[B, T, S, D]` and what its tokens find in the text; `mask` `[B, 1, 1, L]` is −∞ at padding.
  func callAsFunction(_ x: Tensor, _ text: TextKeysValues, mask: Tensor?) -> Tensor {
    let (b, t, s, width) = (x.size(0), x.size(1), x.size(2), x.size(3))
    if FusedKernels.serve(x) {
      func lined(_ rows: Tensor) -> Tensor { rows.transposed(1, 2).unsqueezed(1) }  // [B, 1, L, h, d]
      let y = Tensor.empty([b, 1, t * s, heads, width / heads], dtype: x.dtype, device: x.device)
      y.writeAttention(
        query: query(x).reshaped(y.shape), key: lined(text.key), value: lined(text.value),
        mask: mask.map { $0.reshaped(b, -1).to(.float32) })
      return projection(y.reshaped(b, t, s, width), adding: x)
    }
    let q = query(x).reshaped(b, t * s, heads, width / heads).transposed(1, 2)  // [B, h, T·S, d]
    let y = attention(query: q, key: text.key, value: text.value, mask: mask)  // [B, h, T·S, d]
    return projection(y.transposed(1, 2).reshaped(b, t, s, width), adding: x)
  }
}
