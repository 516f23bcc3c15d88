/// A clip to make, as whoever asks for it says it; what is nil is left to the model.
public struct ClipRequest: Codable, Sendable, Equatable {
  public enum Fit: String, Codable, Sendable, CaseIterable { case cover, squash }
  public enum Only: String, Codable, Sendable, CaseIterable { case audio, video }
  public enum NegativeCondition: String, Codable, Sendable, CaseIterable { case still, absent }

  public var prompt: String?
  public var negativePrompt: String?
  /// Absolute path of the video whose sound is to be made.
  public var video: String?
  /// Absolute path of the sound whose pictures are to be made.
  public var audio: String?
  /// Seconds into `video` or `audio` at which the clip begins.
  public var start: Double?
  public var seconds: Double?
  public var steps: Int?
  public var guidance: Double?
  /// How closely to follow `video` or `audio`; 1 turns it off.
  public var conditionGuidance: Double?
  /// What that leads away from: a clip in which nothing happens, or nothing at all.
  public var negativeCondition: NegativeCondition?
  public var sampler: String?
  public var seed: UInt64
  /// `WIDTHxHEIGHT` in pixels.
  public var size: String?
  /// `WIDTH:HEIGHT`, or `input` for that of `video`; instead of a size.
  public var aspect: String?
  /// How a video fills the frame of the model: cut at its edges, or stretched.
  public var fit: Fit?
  /// What alone is made from the prompt.
  public var only: Only?

  public init(
    prompt: String? = nil, negativePrompt: String? = nil, video: String? = nil, audio: String? = nil,
    start: Double? = nil, seconds: Double? = nil, steps: Int? = nil, guidance: Double? = nil,
    conditionGuidance: Double? = nil, negativeCondition: NegativeCondition? = nil,
    sampler: String? = nil, seed: UInt64, size: String? = nil, aspect: String? = nil, fit: Fit? = nil,
    only: Only? = nil
  ) {
    self.prompt = prompt
    self.negativePrompt = negativePrompt
    self.video = video
    self.audio = audio
    self.start = start
    self.seconds = seconds
    self.steps = steps
    self.guidance = guidance
    self.conditionGuidance = conditionGuidance
    self.negativeCondition = negativeCondition
    self.sampler = sampler
    self.seed = seed
    self.size = size
    self.aspect = aspect
    self.fit = fit
    self.only = only
  }

  enum CodingKeys: String, CodingKey, CaseIterable {
    case prompt, video, audio, start, seconds, steps, guidance, sampler, seed, size, aspect, fit, only
    case negativePrompt = "negative_prompt"
    case conditionGuidance = "condition_guidance"
    case negativeCondition = "negative_condition"
  }
}
