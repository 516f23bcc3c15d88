public import Media

/// What a request gave: the generated media and everything that is needed to make them again.
public struct GeneratedClip: Sendable {
  /// Nil where pictures were given.
  public let video: VideoFrames?
  /// Nil where sound was given.
  public let audio: Waveform?
  /// The log-mel spectrogram of the clip's sound as it is heard, generated or given, at one peak level; nothing where there
  /// is none to show.
  public let mel: [Float]
  /// Rows and columns of ``mel``, row after row.
  public let melFrames: Int
  public let melBins: Int
  public package(set) var settings: ClipSettings
  /// What the user should know, one line each: a length that the model was not trained for, a prompt that was cut.
  public let notes: [String]
}

extension GeneratedClip {
  /// The first `seconds` of the clip, at least one frame; all of it where it is no longer than that.
  public func cut(to seconds: Double) -> GeneratedClip {
    guard seconds < settings.seconds else { return self }
    func kept(_ count: Int) -> Int {
      min(count, max(1, Int((Double(count) * max(0, seconds) / settings.seconds).rounded())))
    }
    var settings = settings
    settings.seconds = seconds
    return GeneratedClip(
      video: video.map { $0.cutOrHeld(to: kept($0.count)) },
      audio: audio.map {
        Waveform(sampleRate: $0.sampleRate, samples: Array($0.samples.prefix(kept($0.samples.count))))
      },
      mel: Array(mel.prefix(kept(melFrames) * melBins)), melFrames: kept(melFrames), melBins: melBins,
      settings: settings, notes: notes)
  }
}

/// The record of a clip, stored with it: with the same model and the same condition it makes the same clip again.
public struct ClipSettings: Codable, Sendable, Equatable {
  /// Of this package.
  public var version: String
  public var model: String
  /// Of all weight files, so that a retrained model of the same name is told apart.
  public var weights: String
  /// Files of low-rank adapters, each with its strength: `style.safetensors:0.8`; nil without.
  public var adapters: [String]?
  public var task: GenerationTask
  public var prompt: String?
  public var negativePrompt: String?
  public var seed: UInt64
  public var steps: Int
  public var guidanceScale: Double
  /// Nil where the condition was not guided; so is what it was guided against.
  public var conditionGuidanceScale: Double?
  public var negativeCondition: GenerationRequest.NegativeCondition?
  /// Seconds into the file of the condition at which it begins, and how pictures were fitted to the model's frame. Whoever reads
  /// a file sets them.
  public var start: Double?
  public var fit: String?
  public var sampler: Sampler
  public var seconds: Double
  public var dtype: String
  public var device: String
  public var width: Int
  public var height: Int
  public var frameRate: Int
  public var sampleRate: Int

  enum CodingKeys: String, CodingKey {
    case version, model, weights, adapters, start, fit, task, prompt, seed, steps, sampler, seconds, dtype,
      device, width, height
    case negativePrompt = "negative_prompt"
    case guidanceScale = "guidance_scale"
    case conditionGuidanceScale = "condition_guidance_scale"
    case negativeCondition = "negative_condition"
    case frameRate = "frame_rate"
    case sampleRate = "sample_rate"
  }
}
