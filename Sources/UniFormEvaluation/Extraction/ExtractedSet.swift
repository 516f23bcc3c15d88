internal import Foundation
internal import Hub

/// The clips of one side with all that was found in them.
public struct ExtractedSet: Sendable {
  let cache: FeatureCache
  public let clips: [ClipFolder.Clip]
  let outcomes: [ClipOutcome]

  /// A clip that was left out, wholly or for one extractor.
  public struct Failure: Sendable, Equatable, Codable {
    public let clip: String
    /// Nil where the file cannot be used at all.
    public let extractor: String?
    public let reason: String
  }

  /// Clips that were left out although they should have counted. What all clips of the set lack is no failure of one.
  public var failures: [Failure] {
    zip(clips, outcomes).flatMap { clip, outcome in
      outcome.unreadable.map { [Failure(clip: clip.name, extractor: nil, reason: $0)] }
        ?? outcome.failures.sorted { $0.key < $1.key }.filter { !isAbsentEverywhere($0.key) }
        .map { Failure(clip: clip.name, extractor: $0.key, reason: $0.value.reason) }
    }
  }

  /// Whether no clip of the set has what an extractor needs.
  func isAbsentEverywhere(_ extractor: String) -> Bool {
    let readable = outcomes.filter { $0.unreadable == nil }
    return !readable.isEmpty && readable.allSatisfy { $0.failures[extractor]?.isAbsent == true }
  }

  public var readableCount: Int { outcomes.count { $0.unreadable == nil } }

  /// SHA-256 over names and hashes of all clips in order.
  public var listHash: String {
    FileDigest.sha256(of: zip(clips, outcomes).map { "\($0.name)\t\($1.hash)\n" }.joined())
  }

  /// The features of every clip that has them, in order of name.
  func features(_ extractor: String) throws -> [(clip: ClipFolder.Clip, features: ClipFeatures)] {
    try zip(clips, outcomes).compactMap { clip, outcome in
      guard let key = outcome.keys[extractor] else { return nil }
      guard let features = cache.features(key) else {
        throw EvaluationSetupError.cacheUnusable(cache.folder.relativePath)
      }
      return (clip, features)
    }
  }
}
