/// Something that happens at one instant, in the picture and in the sound.
public struct SceneEvent: Codable, Sendable, Equatable {
  /// Seconds from the start of the clip.
  public let time: Double
  /// What happens: `"impact"`, `"tick"`, `"flash"`, …
  public let kind: String

  public init(time: Double, kind: String) {
    self.time = time
    self.kind = kind
  }
}
