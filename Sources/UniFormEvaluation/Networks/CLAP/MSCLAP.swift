public import Torch

/// Microsoft's CLAP of 2023 (arXiv 2309.05767): the sound half of LAION's with another front end, and GPT-2 for captions. Its
/// cosines are not comparable with those of ``CLAP``.
///
/// Letters: B sounds or captions, N samples at 44.1 kHz, L tokens.
public struct MSCLAP: FeatureNetwork {
  public static let network = EvaluationNetwork(
    id: "ms-clap-2023", title: "MS-CLAP (2023)", file: "CLAP_weights_2023.safetensors",
    companions: ["gpt2/vocab.json", "gpt2/merges.txt"],
    source: "microsoft/msclap's CLAP_weights_2023.pth, and gpt2",
    licence: "MS-PL", inputs: [.sound(sampleRate: sampleRate), .text], featureWidth: 1024)

  public static let sampleRate = 44_100
  /// What every sound is brought to: seven seconds.
  public static let sampleCount = 7 * sampleRate

  private let logMel: LibrosaLogMel
  private let audio: CLAPAudio
  private let text: GPT2
  private let audioProjection, textProjection: Projection

  public init(_ weights: Weights) throws { try self.init(weights, Configuration()) }

  init(_ weights: Weights, _ configuration: Configuration) throws {
    self = try MSCLAPKeys.current(weights).network { try MSCLAP($0, configuration) }
  }

  init(_ parameters: Parameters, _ c: Configuration) throws {
    let audioEncoder = parameters["audio_encoder"]
    logMel = try LibrosaLogMel(audioEncoder["base.htsat"], transform: 1024, hop: 320, mels: 64)
    audio = try CLAPAudio(audioEncoder["base.htsat"], c.audio)
    audioProjection = try Projection(audioEncoder["projection"], c.audio.audioWidth, c.output)
    text = try GPT2(parameters["caption_encoder.base"], c.text)
    textProjection = try Projection(parameters["caption_encoder.projection"], c.text.width, c.output)
  }

  /// Sound `[N]` to a unit vector `[1024]`. Longer than seven seconds it is cut to the first seven, where the reference draws
  /// a place at random; shorter it is repeated.
  public func embedding(sound: Tensor) throws -> Tensor {
    let sound = try checkedSound(sound, atLeast: 1, for: "MS-CLAP").to(.float32)
    let clip = sound.repeated((Self.sampleCount + sound.count - 1) / sound.count)
      .narrowed(0, start: 0, length: Self.sampleCount)
    return withoutGradient {
      audioProjection(audio(logMel(clip.unsqueezed(0)))).unitLength.squeezed(0)
    }
  }

  /// Token ids `[B, 77]` of ``GPT2Tokenizer`` to unit vectors `[B, 1024]`.
  public func embedding(tokens: Tensor) -> Tensor {
    withoutGradient { textProjection(text(tokens)).unitLength }
  }

  /// Sizes of a network.
  struct Configuration {
    var audio = CLAP.Configuration()
    var text = GPT2.Configuration()
    var output = 1024
  }

  /// Two layers, the second added to the first.
  private struct Projection {
    let first, second: Linear
    let norm: LayerNorm

    init(_ p: Parameters, _ inputs: Int, _ outputs: Int) throws {
      first = try Linear(p["linear1"], inputs, outputs, bias: false)
      second = try Linear(p["linear2"], outputs, outputs, bias: false)
      norm = try LayerNorm(p["layer_norm"], outputs)
    }

    func callAsFunction(_ x: Tensor) -> Tensor {
      let base = first(x)
      return norm(base + second(base.gelu))
    }
  }
}

/// Names of the published file brought to those of ``MSCLAP``.
enum MSCLAPKeys {
  /// HTS-AT's names become transformers', and GPT-2's layers, stored inputs first, those of linear layers.
  static func current(_ weights: Weights) throws(WeightError) -> Weights {
    let htsat = ["audio_encoder", "base", "htsat"]
    var named = try HTSATKeys.split(
      weights.withoutCounters.renamed { name in
        let steps = name.split(separator: ".").map(String.init)
        if name == "logit_scale" || dropped.contains(where: name.hasSuffix) { return nil }
        guard steps.starts(with: htsat), steps.count > htsat.count, !HTSATKeys.isFrontEnd(steps[3]) else {
          return name
        }
        return HTSATKeys.current(Array(steps.dropFirst(3))).map { (htsat + $0).joined(separator: ".") }
      })
    for (name, item) in named.items where name.hasPrefix("caption_encoder.base.h.") && item.shape.count == 2 {
      named.items[name] = .init(shape: item.shape.reversed(), origin: item.origin) { () throws(WeightError) in
        try item.load().transposed(0, 1)
      }
    }
    return named
  }

  /// Tables that are computed: distances in windows, masks of GPT-2.
  private static let dropped = [".relative_position_index", ".attn.bias", ".attn.masked_bias"]
}
