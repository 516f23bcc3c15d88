public import Media

/// What to generate: a value that says everything but the model.
///
/// The task follows from the condition: none is text to audio and video, or to what alone is wanted; a sound is audio to
/// video, pictures are video to audio.
public struct GenerationRequest: Sendable, Equatable {
  /// What is given besides text.
  public enum Condition: Sendable, Equatable {
    case none
    /// Frames of the request's size and the model's rate. Fewer than the clip needs are followed by copies of the last one, more
    /// are cut.
    case video(VideoFrames)
    /// Sound at the model's rate; shorter sound is followed by silence, longer is cut.
    case audio(Waveform)
  }

  /// What stands for the condition where guidance leads away from it.
  public enum NegativeCondition: String, Sendable, Codable, CaseIterable {
    /// A clip in which nothing happens: silence, or the first frame held.
    case still
    /// Zeros, as in text to audio or video alone; for models that were trained for these.
    case absent
  }

  /// Nil or blank: without text. Case and surrounding space do not matter; 10,000 characters at most.
  public var prompt: String?
  /// What guidance leads away from, instead of the null caption. Needs a prompt.
  public var negativePrompt: String?
  public var condition: Condition
  /// Makes only this from the text, without the other. Not with a condition, whose task makes one modality anyway.
  public var only: Modality?
  /// 1…1000; the model's default where nil.
  public var steps: Int?
  /// A finite number from 0 on, 1 turns guidance off; the model's default where nil.
  public var guidanceScale: Double?
  /// How closely to follow the condition, against ``negativeCondition``: a finite number from 0 on; 1 turns it off. Each
  /// step takes one more pass of the network.
  public var conditionGuidanceScale = 1.0
  public var negativeCondition = NegativeCondition.still
  /// The model's default where nil.
  public var sampler: Sampler?
  /// 1…10; the length that the model was trained on where nil.
  public var seconds: Double?
  /// Of the pictures that are made, or that the model is shown: sides in multiples of the autoencoder's factor, 8 as
  /// published, from 16 to 2048 pixels. The size that the model was trained on where nil.
  public var size: FrameSize?
  /// The same seed gives the same clip with the same model and dtype.
  public var seed: UInt64

  public init(
    prompt: String? = nil, negativePrompt: String? = nil, condition: Condition = .none, only: Modality? = nil,
    steps: Int? = nil, guidanceScale: Double? = nil, sampler: Sampler? = nil, seconds: Double? = nil,
    size: FrameSize? = nil,
    seed: UInt64 = 0
  ) {
    self.prompt = prompt
    self.negativePrompt = negativePrompt
    self.condition = condition
    self.only = only
    self.steps = steps
    self.guidanceScale = guidanceScale
    self.sampler = sampler
    self.seconds = seconds
    self.size = size
    self.seed = seed
  }

  public var task: GenerationTask {
    switch condition {
    case .none: GenerationTask(given: nil, only: only)
    case .audio: .a2v
    case .video: .v2a
    }
  }

  public static let allowedSteps = 1...1000
  public static let allowedSeconds = 1.0...10.0
  /// Pixels of a picture's width and height.
  public static let allowedSide = 16...2048
  /// Width over height, where a size is chosen for an aspect.
  public static let allowedAspect = 0.25...4
  public static let allowedCount = 1...1000
  /// Characters of a prompt.
  public static let maximumPromptLength = 10_000
}
