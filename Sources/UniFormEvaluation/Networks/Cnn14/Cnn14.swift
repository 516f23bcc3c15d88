public import Torch

/// Cnn14 of PANNs at 16 kHz (arXiv 1912.10211): 2048 features and 527 AudioSet logits of a whole clip, behind the
/// Fréchet distance, inception score and KL divergence of sound.
///
/// Letters: B clips, N samples, F frames, M = 64 mels.
public struct Cnn14: FeatureNetwork {
  public static let network = EvaluationNetwork(
    id: "panns-cnn14-16k", title: "PANNs Cnn14 (16 kHz)", file: "Cnn14_16k_mAP=0.438.safetensors",
    source: "Cnn14_16k_mAP=0.438.pth, Zenodo record 3987831", licence: "CC-BY-4.0",
    inputs: [.sound(sampleRate: 16_000)], featureWidth: 2048, classCount: 527)

  /// Below this nothing is left after five times halving: 32 frames.
  public static let minimumSamples = 31 * hop
  private static let (hop, mels) = (160, 64)

  let logMel: LibrosaLogMel
  private let norm: BatchNorm
  private let blocks: [Block]
  private let projection, classes: Linear

  public init(_ weights: Weights) throws { self = try weights.withoutCounters.network { try Cnn14($0) } }

  init(_ parameters: Parameters) throws {
    logMel = try LibrosaLogMel(parameters, transform: 512, hop: Self.hop, mels: Self.mels)
    norm = try BatchNorm(parameters["bn0"], Self.mels)
    let widths = [1, 64, 128, 256, 512, 1024, 2048]
    blocks = try (1...6).map {
      try Block(parameters["conv_block\($0)"], widths[$0 - 1], widths[$0])
    }
    projection = try Linear(parameters["fc1"], 2048, 2048)
    classes = try Linear(parameters["fc_audioset"], 2048, 527)
  }

  /// Sound `[N]` of ``minimumSamples`` or more to features `[2048]` after the ReLU, and logits `[527]` before the sigmoid.
  public func callAsFunction(_ sound: Tensor) throws -> (features: Tensor, logits: Tensor) {
    let sound = try checkedSound(sound, atLeast: Self.minimumSamples, for: "Cnn14")
    return withoutGradient {
      let mel = logMel(sound.to(.float32).unsqueezed(0))  // [1, F, M]
      let features = features(mel)  // [1, 2048]
      return (features.squeezed(0), classes(features).squeezed(0))
    }
  }

  /// `[B, F, M]` to `[B, 2048]`.
  func features(_ mel: Tensor) -> Tensor {
    var x = norm(mel.transposed(1, 2)).transposed(1, 2)  // [B, F, M], normalised per mel
      .unsqueezed(1).channelsLast  // [B, 1, F, M]
    for (index, block) in blocks.enumerated() {
      x = block(x)
      if index < blocks.count - 1 { x = x.averagePool2d([2, 2]) }
    }  // [B, 2048, F/32, M/32]
    let overMels = x.mean([3])  // [B, 2048, F/32]
    return projection(overMels.maximum(along: [2]) + overMels.mean([2])).relu  // [B, 2048]
  }

  /// Twice a 3×3 convolution, batch normalisation and ReLU.
  private struct Block {
    let layers: [(weight: Tensor, bias: Tensor)]

    init(_ p: Parameters, _ inputs: Int, _ outputs: Int) throws {
      layers = try [(1, inputs), (2, outputs)].map { index, inputs in
        let norm = try BatchNorm(p["bn\(index)"], outputs)
        let weight = try p["conv\(index)"]("weight", outputs, inputs, 3, 3)
        return (norm.folded(into: weight), norm.shift)
      }
    }

    func callAsFunction(_ x: Tensor) -> Tensor {
      layers.reduce(x) { $0.conv2d($1.weight, $1.bias, padding: [1, 1]).relu }
    }
  }
}
