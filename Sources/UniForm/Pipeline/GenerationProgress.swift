/// How far a generation is.
public struct GenerationProgress: Sendable, Equatable {
  public enum Stage: String, Sendable, Codable, CaseIterable {
    case encodingText = "encoding text"
    case encodingCondition = "encoding condition"
    case denoising
    case decodingVideo = "decoding video"
    case decodingAudio = "decoding audio"
    case vocoding
  }

  public let stage: Stage
  /// Units of this stage that are done, and all of them: network evaluations while denoising, chunks of frames while
  /// encoding or decoding video, seconds of sound while vocoding, texts while texts alone are encoded, one otherwise.
  public let completed: Int
  public let total: Int
  /// The clip of the request, from 0, and how many there are.
  public let clip: Int
  public let clipCount: Int

  public init(stage: Stage, completed: Int, total: Int, clip: Int, clipCount: Int) {
    self.stage = stage
    self.completed = completed
    self.total = total
    self.clip = clip
    self.clipCount = clipCount
  }
}
