public import Torch

/// PaSST (arXiv 2110.05069), a patch transformer of AudioSet: 527 logits and 768 features of ten seconds of sound.
///
/// Letters: B clips, D = 768, f = 12 bands, t = 99 steps.
public struct PaSST: FeatureNetwork {
  public static let network = EvaluationNetwork(
    id: "passt-s-swa-ap476", title: "PaSST-S (AudioSet)", file: "passt-s-f128-p16-s10-ap.476-swa.safetensors",
    source: "passt-s-f128-p16-s10-ap.476-swa.pt of kkoutini/PaSST's release v0.0.1-audioset",
    licence: "Apache-2.0", inputs: [.sound(sampleRate: 32_000)], featureWidth: 768, classCount: 527)

  /// What every clip is cut or padded to: ten seconds.
  public static let sampleCount = 320_000

  private let tokens: Tensor  // [1, 2, D]
  private let bandPositions: Tensor  // [1, D, f, 1]
  private let timePositions: Tensor  // [1, D, 1, t]
  private let embedding: Conv2d
  private let blocks: [PreNormBlock]
  private let norm, headNorm: LayerNorm
  private let head: Linear
  private let mel: PaSSTMel

  public init(_ weights: Weights) throws {
    // The head of the distillation token is trained, then left out.
    let named = weights.scoped(first: "net.").renamed { $0.hasPrefix("head_dist.") ? nil : $0 }
    self = try named.network { try PaSST($0, layers: 12) }
  }

  init(_ parameters: Parameters, layers: Int) throws {
    let width = 768
    let positions = try parameters("new_pos_embed", 1, 2, width)
    tokens =
      try .concatenate(["cls_token", "dist_token"].map { try parameters($0, 1, 1, width) }, axis: 1)
      + positions
    bandPositions = try parameters("freq_new_pos_embed", 1, width, 12, 1)
    timePositions = try parameters("time_new_pos_embed", 1, width, 1, 99)
    embedding = try Conv2d(parameters["patch_embed.proj"], 1, width, kernel: 16, stride: [10, 10])
    blocks = try (0..<layers).map {
      try PreNormBlock(parameters["blocks"][$0], .timm, width: width, heads: 12)
    }
    norm = try LayerNorm(parameters["norm"], width, epsilon: 1e-6)
    headNorm = try LayerNorm(parameters["head.0"], width)
    head = try Linear(parameters["head.1"], width, 527)
    mel = PaSSTMel()
  }

  /// Sound `[N]` at 32 kHz to features `[768]` and logits `[527]`.
  public func callAsFunction(_ sound: Tensor) throws -> (features: Tensor, logits: Tensor) {
    let sound = try checkedSound(sound, atLeast: 1, for: "PaSST").to(.float32)
    let missing = Self.sampleCount - sound.count
    let clip =
      missing > 0 ? sound.padded([0, missing]) : sound.narrowed(0, start: 0, length: Self.sampleCount)
    return withoutGradient {
      let features = features(mel(clip.unsqueezed(0)))  // [1, D]
      return (features.squeezed(0), head(headNorm(features)).squeezed(0))
    }
  }

  /// Log-mels `[B, 128, 1000]` to `[B, D]`.
  func features(_ mel: Tensor) -> Tensor {
    let patches = embedding(mel.unsqueezed(1)) + timePositions + bandPositions  // [B, D, f, t]
    let sequence = patches.flattened(from: 2).transposed(1, 2)  // [B, f·t, D]
    let own = tokens.expanded(mel.size(0), 2, tokens.size(2))
    let x = blocks.reduce(.concatenate([own, sequence], axis: 1)) { $1($0) }  // [B, 2 + f·t, D]
    return norm(x.narrowed(1, start: 0, length: 2)).mean([1])  // [B, D]
  }
}

/// PaSST's front end: pre-emphasis, 25 ms every 10 ms in the middle of a transform of 1024, 128 of Kaldi's mels up to
/// 15 kHz.
struct PaSSTMel {
  private static let (transform, window, hop, mels) = (1024, 800, 320, 128)
  private let window: Tensor  // [1024]
  private let filters: Tensor  // [513, 128]

  init() {
    let margin = (Self.transform - Self.window) / 2
    window = Tensor.symmetricHann(Self.window).padded([margin, margin])
    let bins = Self.transform / 2
    var weights = MelTriangles.straightInMel(
      filters: Self.mels, bins: bins, transformLength: Self.transform, sampleRate: 32_000, lowest: 0,
      highest: 15_000)
    weights += Array(repeating: 0, count: Self.mels)
    filters = Tensor(weights.map(Float.init), shape: [bins + 1, Self.mels])
  }

  /// Sound `[B, N]` to `[B, 128, 1 + ⌊(N − 1) / 320⌋]`.
  func callAsFunction(_ sound: Tensor) -> Tensor {
    let count = sound.size(1) - 1
    let emphasized =
      sound.narrowed(1, start: 1, length: count) - sound.narrowed(1, start: 0, length: count) * 0.97
    let margin = Self.transform / 2
    let frames =
      emphasized.padded([margin, margin], .reflect)
      .unfolded(-1, size: Self.transform, step: Self.hop) * window  // [B, F, 1024]
    let power = frames.realFFT().squared.sum([-1])  // [B, F, 513]
    return (((power.matmul(filters) + 1e-5).log + 4.5) / 5).transposed(1, 2)  // [B, 128, F]
  }
}
