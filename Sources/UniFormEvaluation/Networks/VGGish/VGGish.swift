public import Torch

/// VGGish (arXiv 1609.09430): 128 numbers for every 0.96 s of sound, the features of the Fréchet audio distance
/// (arXiv 1812.08466).
///
/// Letters: N samples at 16 kHz, P patches.
public struct VGGish: FeatureNetwork {
  public static let network = EvaluationNetwork(
    id: "vggish", title: "VGGish", file: "vggish.safetensors",
    source: "torchvggish's release files vggish-10086976.pth and vggish_pca_params-970ea276.pth",
    licence: "Apache-2.0", inputs: [.sound(sampleRate: AudioSetLogMel.sampleRate)], featureWidth: 128)

  private let convolutions: [Conv2d]
  private let embeddings: [Linear]
  private let components: PrincipalComponents?
  private let mel: AudioSetLogMel

  public init(_ weights: Weights) throws {
    let named = weights.renamed { $0.hasPrefix("pca_") ? "pproc.\($0)" : $0 }
    self = try named.network { try VGGish($0) }
  }

  init(_ parameters: Parameters) throws {
    let widths = [1, 64, 128, 256, 256, 512, 512]
    convolutions = try zip([0, 3, 6, 8, 11, 13], zip(widths, widths.dropFirst())).map { index, widths in
      try Conv2d(parameters["features"][index], widths.0, widths.1, kernel: 3, padding: [1, 1])
    }
    embeddings = try [(0, 12288, 4096), (2, 4096, 4096), (4, 4096, 128)].map { index, inputs, outputs in
      try Linear(parameters["embeddings"][index], inputs, outputs)
    }
    components = try PrincipalComponents(parameters["pproc"])
    mel = AudioSetLogMel(offset: 0.01)
  }

  /// Sound `[N]` to features `[P, 128]`, before the last ReLU of the published graph.
  public func features(_ sound: Tensor, _ conditions: Conditions = .audioLDM) throws -> Tensor {
    let sound = try checkedSound(sound, atLeast: 1, for: "VGGish")
    return withoutGradient {
      switch conditions {
      case .audioLDM:
        let centered = sound.to(.float32) - sound.to(.float32).mean
        return embeddings(mel.patches(padded(centered, to: 32_000), hop: AudioSetLogMel.patchFrames))
      case .plain:
        return embeddings(mel.patches(padded(sound, to: 16_000), hop: AudioSetLogMel.patchFrames))
      case .google:
        let peak = max(0.1, sound.maximum.item)
        let windows = (padded(sound, to: 16_000) / peak).unfolded(0, size: 16_000, step: 8_000)
        return embeddings(
          .concatenate(
            (0..<windows.size(0)).map {
              mel.patches(windows.selected(0, $0), hop: AudioSetLogMel.patchFrames)
            }, axis: 0))
      }
    }
  }

  /// Principal components of features `[P, 128]`, in 256 steps from 0 to 255, as AudioSet's released embeddings are. Nil
  /// where the weight file holds no components.
  public func quantized(_ features: Tensor) -> Tensor? {
    withoutGradient { components.map { $0(features) } }
  }

  /// Patches `[P, 96, 64]` to `[P, 128]`.
  func embeddings(_ patches: Tensor) -> Tensor {
    var x = patches.unsqueezed(1)  // [P, 1, 96, 64]
    for (index, convolution) in convolutions.enumerated() {
      x = convolution(x).relu
      if [0, 1, 3, 5].contains(index) { x = x.maximumPool2d([2, 2]) }  // [P, 512, 6, 4] at the end
    }
    x = x.permuted(0, 2, 3, 1).flattened(from: 1)  // [P, 12288], channels last as in TensorFlow
    x = embeddings[1](embeddings[0](x).relu).relu  // [P, 4096]
    return embeddings[2](x)  // [P, 128]
  }

  private func padded(_ sound: Tensor, to count: Int) -> Tensor {
    sound.count < count ? sound.padded([0, count - sound.count]) : sound
  }

  /// How sound is cut up and levelled, which moves the distance.
  public enum Conditions: String, Sendable, CaseIterable {
    /// audioldm_eval: the mean removed, two seconds at least, patches side by side.
    case audioLDM = "audioldm_eval"
    /// gudgud96's package and fadtk: as it is, one second at least, patches side by side.
    case plain
    /// google-research: divided by its largest sample (0.1 at least), a patch for every window of a second, half a
    /// second apart.
    case google
  }
}

/// The projection behind AudioSet's released embeddings.
struct PrincipalComponents {
  let vectors: Tensor  // [128, 128]
  let means: Tensor  // [128, 1]

  init?(_ p: Parameters) throws {
    guard p.contains("pca_eigen_vectors") else { return nil }
    vectors = try p("pca_eigen_vectors", 128, 128)
    means = try p("pca_means", 128, 1)
  }

  func callAsFunction(_ features: Tensor) -> Tensor {
    let projected = vectors.matmul(features.transposed(0, 1) - means).transposed(0, 1)  // [P, 128]
    return ((projected.clamp(min: -2, max: 2) + 2) * (255 / 4)).rounded
  }
}
