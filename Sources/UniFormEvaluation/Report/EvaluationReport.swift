public import Foundation

/// All scores of one comparison, with what they were computed from.
public struct EvaluationReport: Sendable, Codable, Equatable {
  /// One side.
  public struct Side: Sendable, Codable, Equatable {
    public let folder: String
    public internal(set) var clips: Int
    /// Of those, the ones that could be used at all.
    public let readable: Int
    /// SHA-256 over names and hashes of the clips.
    public let listHash: String

    enum CodingKeys: String, CodingKey {
      case folder, clips, readable
      case listHash = "list_sha256"
    }

    init(_ set: ExtractedSet, folder: String) {
      self.folder = folder
      clips = set.clips.count
      readable = set.readableCount
      listHash = set.listHash
    }
  }

  public struct Pairs: Sendable, Codable, Equatable {
    public let count: Int
    public let generatedAlone: [String]
    public let referenceAlone: [String]

    enum CodingKeys: String, CodingKey {
      case count
      case generatedAlone = "generated_without_partner"
      case referenceAlone = "reference_without_partner"
    }
  }

  public var schema = "uniform-evaluation/1"
  /// Of this program.
  public var version: String
  /// What was compared, in words: a suite and a task, or the names of two folders.
  public var title: String
  public var generated: Side
  public var reference: Side?
  public var pairs: Pairs?
  /// No more than this from the start of each clip counted; all of it where nil.
  public var clipSeconds: Double?
  public var scores: [Score]
  public var missing: [MissingScore]
  public var skippedGenerated: [ExtractedSet.Failure]
  public var skippedReference: [ExtractedSet.Failure]
  /// How the clips were generated, where this program did it.
  public var settings: [String: String]?
  /// Clips behind a ceiling, by the id of the metric, where they are not as many as those behind the value.
  public var ceilingCounts: [String: Int]?
  /// Of wall clock.
  public var seconds: Double

  enum CodingKeys: String, CodingKey {
    case schema, version, title, generated, reference, pairs, scores, settings, seconds
    case clipSeconds = "clip_seconds"
    case ceilingCounts = "n_ceiling"
    case missing = "not_computed"
    case skippedGenerated = "skipped_generated"
    case skippedReference = "skipped_reference"
  }

  public func json() throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return try encoder.encode(self)
  }

  /// Puts the values of the reference through the codecs beside those of the same protocol.
  public mutating func setCeilings(from codecs: EvaluationReport) {
    let known = Dictionary(codecs.scores.map { ($0.metric, $0) }) { first, _ in first }
    var counts: [String: Int] = [:]
    for index in scores.indices {
      let (metric, count) = (scores[index].metric, scores[index].generatedCount)
      guard let ceiling = known[metric] else { continue }
      scores[index].ceiling = ceiling.value
      if ceiling.generatedCount != count { counts[metric] = ceiling.generatedCount }
    }
    ceilingCounts = counts.isEmpty ? nil : counts
  }

  /// Counts references that no clip could be made for as skipped, on both sides.
  public mutating func leaveOut(_ failures: [ExtractedSet.Failure]) {
    generated.clips += failures.count
    reference?.clips += failures.count
    skippedReference = failures + skippedReference
  }

  /// The scores as a table; a column that no score fills is left out.
  func scoreTable(protocols: Bool) -> (header: [String], rows: [[String]]) {
    let columns: [(title: String, isOptional: Bool, text: (Score) -> String)] = [
      ("metric", false, { $0.name + ($0.better == .lower ? " ↓" : " ↑") }),
      ("value", false, { $0.value.shortText }),
      ("95 % interval", false, { $0.interval.map { "\($0.low.shortText)…\($0.high.shortText)" } ?? "" }),
      ("reference", false, { $0.reference?.shortText ?? "" }),
      ("ceiling", true, { ceiling($0) }),
      ("floor", false, { $0.floor?.shortText ?? "" }),
      ("shuffled", false, { $0.shuffled?.shortText ?? "" }),
      ("N", false, { "\($0.generatedCount)" + ($0.referenceCount.map { " / \($0)" } ?? "") }),
      ("excluded", true, { $0.excluded.map { $0 > 0 ? "\($0)" : "" } ?? "" }),
    ]
    var shown = columns.filter { column in !column.isOptional || scores.contains { !column.text($0).isEmpty }
    }
    if protocols { shown.append(("protocol", false, \.metric)) }
    return (shown.map(\.title), scores.map { score in shown.map { $0.text(score) } })
  }

  private func ceiling(_ score: Score) -> String {
    (score.ceiling?.shortText ?? "") + (ceilingCounts?[score.metric].map { " (N \($0))" } ?? "")
  }

  /// Whether a clip was left out that should have counted.
  public var skippedAny: Bool { !skippedGenerated.isEmpty || !skippedReference.isEmpty }
}

extension ExtractedSet.Failure {
  /// A clip that was left out before anything was extracted.
  public init(clip: String, reason: String) {
    self.init(clip: clip, extractor: nil, reason: reason)
  }
}
