public import Media

/// A rendered clip with everything known about it.
public struct SceneClip: Sendable, Equatable {
  public let video: VideoFrames
  public let audio: Waveform
  /// One lower-case sentence that names what is seen and heard.
  public let caption: String
  public let sceneClass: SceneClass
  /// What varied, by name: `["color": "red", "material": "rubber", …]`.
  public let attributes: [String: String]
  public let seed: UInt64
  public let seconds: Double
  /// What happens at one instant in picture and sound, in order of time.
  public let events: [SceneEvent]

  /// The side file of the clip.
  public var description: SceneDescription {
    SceneDescription(
      caption: caption, sceneClass: sceneClass, attributes: attributes, seed: seed, seconds: seconds,
      events: events)
  }
}
