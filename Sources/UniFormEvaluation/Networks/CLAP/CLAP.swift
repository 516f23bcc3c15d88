public import Torch

/// LAION's CLAP (arXiv 2211.06687): sound and text as vectors of one space, in which the cosine says how well they fit. Two
/// published networks of one architecture, whose scores must never stand in one column.
///
/// Letters: B sounds or captions, N samples at 48 kHz, L tokens.
public struct CLAP {
  /// The published networks.
  public enum Family: String, Sendable, CaseIterable {
    /// transformers' `laion/clap-htsat-unfused`, which JavisBench uses.
    case unfused
    /// `music_speech_audioset_epoch_15_esc_89.98.pt` of laion_clap, which av-benchmark uses.
    case musicSpeechAudioSet

    public var network: EvaluationNetwork {
      let companions = ["roberta-base/vocab.json", "roberta-base/merges.txt"]
      let inputs: [EvaluationNetwork.Input] = [.sound(sampleRate: CLAP.sampleRate), .text]
      return switch self {
      case .unfused:
        EvaluationNetwork(
          id: "clap-htsat-unfused", title: "CLAP (htsat-unfused)", file: "clap-htsat-unfused.safetensors",
          companions: companions, source: "laion/clap-htsat-unfused and roberta-base", licence: "Apache-2.0",
          inputs: inputs, featureWidth: 512)
      case .musicSpeechAudioSet:
        EvaluationNetwork(
          id: "clap-music-speech-audioset", title: "CLAP (HTSAT-base, music_speech_audioset)",
          file: "music_speech_audioset_epoch_15_esc_89.98.safetensors", companions: companions,
          source: "lukewys/laion_clap and roberta-base", licence: "CC0-1.0", inputs: inputs, featureWidth: 512
        )
      }
    }

    var configuration: Configuration {
      switch self {
      case .unfused: Configuration()
      case .musicSpeechAudioSet: Configuration(width: 128, depths: [2, 2, 12, 2])
      }
    }
  }

  public static let sampleRate = 48_000
  /// What every sound is brought to: ten seconds.
  public static let sampleCount = 480_000

  private let audio: CLAPAudio
  private let text: CLAPText
  private let audioProjection, textProjection: (first: Linear, second: Linear)

  /// - Parameter weights: under transformers' names or laion_clap's. Throws `WeightError` for a file of the other family.
  public init(_ weights: Weights, _ family: Family) throws {
    let configuration = family.configuration
    self = try CLAPKeys.current(weights).network { try CLAP($0, configuration) }
  }

  init(_ parameters: Parameters, _ c: Configuration) throws {
    audio = try CLAPAudio(parameters["audio_model.audio_encoder"], c)
    text = try CLAPText(parameters["text_model"], c.text)
    func projection(_ name: String, _ width: Int) throws -> (first: Linear, second: Linear) {
      (
        try Linear(parameters[name]["linear1"], width, c.output),
        try Linear(parameters[name]["linear2"], c.output, c.output)
      )
    }
    audioProjection = try projection("audio_projection", c.audioWidth)
    textProjection = try projection("text_projection", c.text.width)
  }

  /// Sound `[N]` to a unit vector `[512]`. Longer than ten seconds it is cut to the first ten, where the references draw a
  /// place at random; shorter it is repeated as often as it fits, then followed by silence.
  public func embedding(sound: Tensor) throws -> Tensor {
    let sound = try checkedSound(sound, atLeast: 1, for: "CLAP").to(.float32)
    let repeats = max(Self.sampleCount / sound.count, 1)
    let longer = sound.repeated(repeats)
    let missing = Self.sampleCount - longer.count
    let clip =
      missing >= 0 ? longer.padded([0, missing]) : longer.narrowed(0, start: 0, length: Self.sampleCount)
    return withoutGradient { embedding(logMels: CLAPMel()(clip.unsqueezed(0))).squeezed(0) }
  }

  /// Decibels `[B, 1001, 64]` to unit vectors `[B, 512]`.
  func embedding(logMels: Tensor) -> Tensor { project(audio(logMels), audioProjection) }

  /// Token ids and mask of ``RoBERTaTokenizer``, `[B, L]`, to unit vectors `[B, 512]`.
  public func embedding(ids: Tensor, mask: Tensor) -> Tensor {
    withoutGradient { project(text(ids, mask: mask), textProjection) }
  }

  private func project(_ x: Tensor, _ layers: (first: Linear, second: Linear)) -> Tensor {
    layers.second(layers.first(x).relu).unitLength
  }

  /// Sizes of a network.
  struct Configuration {
    struct Text {
      var vocabulary = 50_265
      var width = 768
      var layers = 12
      var heads = 12
      var positions = 514
    }
    /// Channels of the first stage; each further stage has twice as many.
    var width = 96
    var depths = [2, 2, 6, 2]
    var heads = [4, 8, 16, 32]
    var output = 512
    var text = Text()

    var audioWidth: Int { width << (depths.count - 1) }
  }
}
