public import Foundation

/// The JSON side file of a rendered clip.
public struct SceneDescription: Codable, Sendable, Equatable {
  public var caption: String
  public var sceneClass: SceneClass
  public var attributes: [String: String]
  public var seed: UInt64
  public var seconds: Double
  public var events: [SceneEvent]

  public init(
    caption: String, sceneClass: SceneClass, attributes: [String: String], seed: UInt64, seconds: Double,
    events: [SceneEvent]
  ) {
    self.caption = caption
    self.sceneClass = sceneClass
    self.attributes = attributes
    self.seed = seed
    self.seconds = seconds
    self.events = events
  }

  private enum CodingKeys: String, CodingKey {
    case caption
    case sceneClass = "class"
    case attributes, seed, seconds, events
  }

  /// The same bytes for the same clip: keys are sorted, since dictionaries have no order of their own.
  public func json() throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .prettyPrinted]
    return try encoder.encode(self)
  }
}
