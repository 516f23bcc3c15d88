/// One clip of a cache: a line of the `.jsonl` beside its shard.
public struct ClipDescription: Codable, Sendable, Equatable {
  /// Unique in the cache.
  public let id: String
  /// As it was tokenised; nil where the clip has none.
  public let caption: String?
  /// The file, relative to the folder of the data set; nil where there is none.
  public let file: String?
  /// Seconds at which the clip begins in the file.
  public let start: Double
  public let split: String?
}

/// A clip that was left out: a line of `skipped.jsonl`.
public struct SkippedClip: Codable, Sendable, Equatable {
  public let id: String
  public let file: String?
  public let reason: SkipReason
  /// One line for people.
  public let message: String
}

/// Why a clip cannot be learned from.
public enum SkipReason: String, Codable, Sendable, CaseIterable {
  /// No decoder accepts the bytes, or not to the end.
  case broken
  /// It went away between the listing and the reading.
  case missing
  case tooShort = "too_short"
  /// A sound track that holds silence.
  case silent
  /// No sound track.
  case mute
  /// No pictures.
  case blind
  /// Pictures that never change.
  case still
  /// The encoders gave numbers that are none.
  case notFinite = "not_finite"
}
