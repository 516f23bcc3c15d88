/// Something that turns a clip into numbers to compare: a network or a signal analysis.
public protocol ClipExtractor: Sendable {
  /// Short and stable.
  var id: String { get }
  /// All that changes its numbers but the weights: how clips are decoded and prepared, in words.
  var settings: String { get }
  /// SHA-256 of its weight files; empty where it has none.
  var weights: String { get }
  /// What a clip must have.
  var needs: Set<ClipPart> { get }

  /// - Throws: what is wrong with the clip, in one line.
  func extract(_ clip: ClipMedia, caption: String?) async throws -> ClipFeatures
}

public enum ClipPart: String, Sendable, Codable {
  case pictures, sound, caption
}
