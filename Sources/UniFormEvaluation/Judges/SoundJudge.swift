public import Media
public import Torch
public import UniForm

/// Tells from sound alone which kind of scene it belongs to and when something sets in. Trained on the sound of rendered scenes;
/// it knows nothing else. Loudness as such does not matter.
///
/// Letters: B clips, T mel frames of 10 ms.
public struct SoundJudge {
  public static let sampleRate = 16_000
  static let width = 64
  public static let bands = 64
  /// Samples from one mel frame to the next.
  public static let hopLength = 160
  /// Frames of a mel spectrogram, whose middle is half a hop from their start.
  static let curve = EventCurve(rate: 100, start: 0.005, threshold: 0)
  static let eventWidth = 1.5

  private let layers: [Conv2d]
  private let moment: Linear
  private let trunk: JudgeTrunk

  public init(_ parameters: Parameters) throws {
    let widths = [1, 12, 20, 24]
    layers = try (0..<3).map {
      try Conv2d(
        parameters["layers"][$0], widths[$0], widths[$0 + 1], kernel: 3, stride: [1, 2], padding: [1, 1])
    }
    moment = try Linear(parameters["moment"], widths[3] * Self.bands / 8, Self.width)
    trunk = try JudgeTrunk(parameters, width: Self.width, kernel: 7)
  }

  /// Log-mels `[B, T, 64]` in nepers.
  public func callAsFunction(_ mel: Tensor) -> JudgeOutput {
    // What lies below is the noise floor, which says more about the recorder than about the scene.
    var y = ((mel.clamp(min: -8) + 5) / 2.5).unsqueezed(1)  // [B, 1, T, 64]
    for layer in layers { y = layer(y).relu }  // [B, 24, T, 8]
    y = moment(y.permuted(0, 2, 1, 3).flattened(from: 2)).relu  // [B, T, 64]
    return trunk(y.transposed(1, 2))
  }

  /// The mel spectrogram of the model's autoencoder, in which frame i is centred on sample 160 · (i + ½).
  public static func makeMel() -> MelSpectrogram {
    var configuration = MelSpectrogram.Configuration()
    configuration.variant = .hopAligned
    // The configuration is a constant that is known to be valid.
    return try! MelSpectrogram(configuration)
  }

  /// - Parameter sound: at ``sampleRate``.
  public func judge(_ sound: Waveform, mel: MelSpectrogram) -> Judgement {
    withoutGradient { self(mel(sound.peakNormalized().tensor.unsqueezed(0))).judgement(Self.curve) }
  }
}
