internal import Torch
internal import UniForm

/// The acoustic half of Synchformer: an audio spectrogram transformer over segments of 0.64 s.
///
/// Letters: S segments, f = 12 bands, t = 6 steps, D = 768.
struct SynchformerAudio {
  /// Vectors per segment.
  static let steps = 6
  /// Samples per segment, and from one to the next.
  static let (segmentSamples, segmentHop) = (10_240, 5_120)
  private static let bands = 12
  private static let (mels, frames) = (128, 66)

  private let tokens: [Tensor]  // two of [1, 1, D]
  private let positions: Tensor  // [1, 2 + f·t, D]
  private let embedding: Conv2d
  private let blocks: [PreNormBlock]
  private let norm: LayerNorm
  private let aggregation: TokenAggregation
  private let spectrum = ShortTimeSpectrum(transformLength: 1024, hop: 160, windowLength: 400)
  private let filters: Tensor  // [513, 128]

  init(_ p: Parameters) throws {
    let width = Synchformer.width
    let (embeddings, layers) = (p["ast.embeddings"], p["ast.encoder.layer"])
    tokens = try ["cls_token", "distillation_token"].map { try embeddings($0, 1, 1, width) }
    positions = try embeddings("position_embeddings", 1, 2 + Self.bands * Self.steps, width)
    embedding = try Conv2d(
      embeddings["patch_embeddings.projection"], 1, width, kernel: 16, stride: [10, 10])
    blocks = try (0..<12).map {
      try PreNormBlock(layers[$0], .spectrogram, width: width, heads: 12, epsilon: 1e-12)
    }
    norm = try LayerNorm(p["ast.layernorm"], width, epsilon: 1e-12)
    aggregation = try TokenAggregation(p["freq_attn_agg"], width: width, heads: 12)
    let weights = MelTriangles.straightInHertz(
      filters: Self.mels, bins: 513, transformLength: 1024, sampleRate: Double(Synchformer.sampleRate),
      lowest: 0, highest: 8000)
    filters = Tensor(weights.map(Float.init), shape: [513, Self.mels])
  }

  /// Segments of sound `[S, 10240]` to `[S, 65, 128]`.
  func logMel(_ segments: Tensor) -> Tensor { (spectrum(segments).squared.matmul(filters) + 1e-6).log }

  /// Log-mels brought to the range of AudioSet and to 66 frames, `[S, 128, 66]`.
  func normalized(_ logMel: Tensor) -> Tensor {
    // The last frame is zero before the normalisation, as the reference pads.
    let padded = logMel.padded([0, 0, 0, Self.frames - logMel.size(1)])
    return (padded.transposed(1, 2) + 4.2677393) / (2 * 4.5689974)
  }

  /// Segments of sound `[S, 10240]` to `[S, t, D]`.
  func callAsFunction(_ segments: Tensor) -> Tensor {
    let (count, width) = (segments.size(0), Synchformer.width)
    let patches = embedding(normalized(logMel(segments)).unsqueezed(1))  // [S, D, f, t]
      .flattened(from: 2).transposed(1, 2)  // [S, f·t, D]
    let first = tokens.map { $0.expanded(count, 1, width) }
    var x = Tensor.concatenate(first + [patches], axis: 1) + positions  // [S, 2 + f·t, D]
    for block in blocks { x = block(x) }
    let kept = norm(x).narrowed(1, start: 2, length: Self.bands * Self.steps)  // [S, f·t, D]
      .reshaped(count, Self.bands, Self.steps, width).transposed(1, 2)  // [S, t, f, D]
    return aggregation(kept.reshaped(count * Self.steps, Self.bands, width))  // [S·t, D]
      .reshaped(count, Self.steps, width)  // [S, t, D]
  }
}
