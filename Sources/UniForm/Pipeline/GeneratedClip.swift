public import Media

/// What a request gave: the generated media and everything that is needed to make them again.
public struct GeneratedClip: Sendable {
  /// Nil where pictures were given.
  public let video: VideoFrames?
  /// Nil where sound was given.
  public let audio: Waveform?
  /// The log-mel spectrogram of the clip's sound, generated or given; nothing where there is none to show.
  public let mel: [Float]
  /// Rows and columns of ``mel``, row after row.
  public let melFrames: Int
  public let melBins: Int
  public let settings: ClipSettings
  /// What the user should know, one line each: a length that the model was not trained for, a prompt that was cut.
  public let notes: [String]
}

/// The record of a clip, stored with it: with the same model it makes the same clip again.
public struct ClipSettings: Codable, Sendable, Equatable {
  /// Of this package.
  public var version: String
  public var model: String
  /// Of all weight files, so that a retrained model of the same name is told apart.
  public var weights: String
  public var task: GenerationTask
  public var prompt: String?
  public var negativePrompt: String?
  public var seed: UInt64
  public var steps: Int
  public var guidanceScale: Double
  public var sampler: Sampler
  public var seconds: Double
  public var dtype: String
  public var device: String
  public var width: Int
  public var height: Int
  public var frameRate: Int
  public var sampleRate: Int

  enum CodingKeys: String, CodingKey {
    case version, model, weights, task, prompt, seed, steps, sampler, seconds, dtype, device, width, height
    case negativePrompt = "negative_prompt"
    case guidanceScale = "guidance_scale"
    case frameRate = "frame_rate"
    case sampleRate = "sample_rate"
  }
}
