public import Torch

/// Synchformer (arXiv 2401.16423): by how much the sound of a clip runs ahead of its pictures or behind them, one of 21
/// offsets from −2 to 2 seconds for every 14 overlapping segments of 0.64 s.
///
/// Letters: B clips, S segments, D = 768.
public struct Synchformer: FeatureNetwork {
  public static let network = EvaluationNetwork(
    id: "synchformer-audioset", title: "Synchformer (24-01-04T16-39-21)",
    file: "synchformer_state_dict.safetensors",
    source: "synchformer_state_dict.pth of the MMAudio v0.1 release", licence: "MIT",
    inputs: [.frames(rate: frameRate), .sound(sampleRate: sampleRate)], classCount: 21)

  /// Frames and samples per second that the network was trained on.
  public static let frameRate = 25.0
  public static let sampleRate = 16_000
  /// Segments that one score takes: 4.8 s.
  public static let segments = 14
  static let width = 768

  let picture: SynchformerVideo
  let sound: SynchformerAudio
  private let pictureProjection, soundProjection: Linear
  private let head: SynchformerHead

  public init(_ weights: Weights) throws {
    // A patch embedding of single pictures is left over from the training of the visual network.
    let used = weights.renamed { $0.hasPrefix("vfeat_extractor.patch_embed.") ? nil : $0 }
    self = try used.network { try Synchformer($0) }
  }

  init(_ parameters: Parameters) throws {
    picture = try SynchformerVideo(parameters["vfeat_extractor"])
    sound = try SynchformerAudio(parameters["afeat_extractor"])
    pictureProjection = try Linear(parameters["vproj"], Self.width, Self.width)
    soundProjection = try Linear(parameters["aproj"], Self.width, Self.width)
    head = try SynchformerHead(parameters["transformer"])
  }

  /// Features of 14 segments, pictures `[B, 14, 8, D]` and sound `[B, 14, 6, D]`, to logits `[B, 21]`.
  func logits(pictures: Tensor, sounds: Tensor) -> Tensor {
    head(
      pictureProjection(pictures.flattened(from: 1, to: 2)),  // [B, 112, D]
      soundProjection(sounds.flattened(from: 1, to: 2)))  // [B, 84, D]
  }

  /// The offset in seconds of each class.
  public static func offset(ofClass index: Int) -> Double { Double(index - 10) / 5 }
}
