/// A clip to make, as whoever asks for it says it; what is nil is left to the model.
public struct ClipRequest: Codable, Sendable, Equatable {
  public enum Fit: String, Codable, Sendable, CaseIterable { case cover, squash }

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
  public var sampler: String?
  public var seed: UInt64
  /// `WIDTHxHEIGHT` in pixels.
  public var size: String?
  /// `WIDTH:HEIGHT`, or `input` for that of `video`; instead of a size.
  public var aspect: String?
  /// How a video fills the frame of the model: cut at its edges, or stretched.
  public var fit: Fit?

  public init(
    prompt: String? = nil, negativePrompt: String? = nil, video: String? = nil, audio: String? = nil,
    start: Double? = nil, seconds: Double? = nil, steps: Int? = nil, guidance: Double? = nil,
    sampler: String? = nil, seed: UInt64, size: String? = nil, aspect: String? = nil, fit: Fit? = nil
  ) {
    self.prompt = prompt
    self.negativePrompt = negativePrompt
    self.video = video
    self.audio = audio
    self.start = start
    self.seconds = seconds
    self.steps = steps
    self.guidance = guidance
    self.sampler = sampler
    self.seed = seed
    self.size = size
    self.aspect = aspect
    self.fit = fit
  }

  enum CodingKeys: String, CodingKey {
    case prompt, video, audio, start, seconds, steps, guidance, sampler, seed, size, aspect, fit
    case negativePrompt = "negative_prompt"
  }
}
