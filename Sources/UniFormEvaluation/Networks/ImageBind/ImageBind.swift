public import Torch

/// ImageBind (arXiv 2305.05665): pictures, sound and text as vectors of one space, in which the cosine says how well they
/// fit.
///
/// Letters: B clips or captions, L tokens, D the width of a trunk.
public struct ImageBind: FeatureNetwork {
  public static let network = EvaluationNetwork(
    id: "imagebind-huge", title: "ImageBind (huge)", file: "imagebind_huge.safetensors",
    companions: ["bpe_simple_vocab_16e6.txt"],
    source: "imagebind_huge.pth, and the vocabulary of its repository, unpacked",
    licence: "CC-BY-NC-SA-4.0", inputs: [.frames(rate: nil), .sound(sampleRate: sampleRate), .text],
    featureWidth: 1024)

  public static let sampleRate = 16_000

  private let video: VideoTrunk
  private let audio: AudioTrunk
  private let text: TextTrunk

  public init(_ weights: Weights) throws { try self.init(weights, Configuration()) }

  init(_ weights: Weights, _ configuration: Configuration) throws {
    // Other modalities, and scales that are the same for all vectors.
    let used = weights.renamed { name in
      let steps = name.split(separator: ".")
      let isKnown = steps.count > 1 && ["vision", "audio", "text"].contains(steps[1])
      return isKnown && steps[0] != "modality_postprocessors" && !name.hasSuffix("text.mask") ? name : nil
    }
    self = try used.network { try ImageBind($0, configuration) }
  }

  init(_ parameters: Parameters, _ configuration: Configuration = Configuration()) throws {
    video = try VideoTrunk(parameters, configuration)
    audio = try AudioTrunk(parameters, configuration)
    text = try TextTrunk(parameters, configuration)
  }

  /// Pairs of pictures `[B, 3, 2, 224, 224]`, normalised, to unit vectors `[B, 1024]`.
  func embedding(pairs: Tensor) -> Tensor { video(pairs).unitLength }

  /// Filter banks `[B, 128, 204]`, normalised, to unit vectors `[B, 1024]`.
  func embedding(filterBanks: Tensor) -> Tensor { audio(filterBanks).unitLength }

  /// Token ids `[B, 77]` of ``CLIPTokenizer`` to unit vectors `[B, 1024]`.
  public func embedding(tokens: Tensor) -> Tensor { withoutGradient { text(tokens).unitLength } }

  /// Sizes of the trunks; the published network has the default ones.
  struct Configuration {
    struct Trunk {
      let width, layers, heads: Int
    }
    var video = Trunk(width: 1280, layers: 32, heads: 16)
    var audio = Trunk(width: 768, layers: 12, heads: 12)
    var text = Trunk(width: 1024, layers: 24, heads: 16)
    var width = 1024
    var vocabulary = 49_408
  }
}

extension Tensor {
  /// Rows brought to length one.
  var unitLength: Tensor { self / squared.sum([-1], keepingAxes: true).sqrt.clamp(min: 1e-12) }
}
