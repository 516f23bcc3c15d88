/// Size, rate and length of the clips to render.
public struct SceneGeometry: Codable, Sendable, Equatable {
  /// Pixels.
  public var width: Int
  public var height: Int
  /// Frames per second.
  public var frameRate: Double
  public var seconds: Double
  /// Samples per second.
  public var sampleRate: Int

  public init(
    width: Int = 64, height: Int = 64, frameRate: Double = 17, seconds: Double = 4, sampleRate: Int = 16_000
  ) {
    self.width = width
    self.height = height
    self.frameRate = frameRate
    self.seconds = seconds
    self.sampleRate = sampleRate
  }

  /// Frames of a clip, at least one.
  public var frameCount: Int { max(1, Int((seconds * frameRate).rounded())) }
  /// Samples of a clip, at least one.
  public var sampleCount: Int { max(1, Int((seconds * Double(sampleRate)).rounded())) }
}
