internal import Scenes

/// One number over a set of clips, and how it comes about.
public protocol Metric: Sendable {
  /// The whole protocol: what makes this number another than the next paper's.
  var id: String { get }
  /// As a column is called: `FVD`, `AV-Align (old)`.
  var name: String { get }
  /// What it is chosen by on the command line; several metrics share one.
  var family: String { get }
  var better: Score.Direction { get }
  /// The extractors it needs, by id.
  var extractors: [String] { get }
  var needsReference: Bool { get }
  /// Whether it compares clips of the same name.
  var needsPairs: Bool { get }

  /// - Throws: ``MetricGap`` where the clips do not have what it needs, ``EvaluationError``.
  func score(_ input: MetricInput) throws -> Score
}

extension Metric {
  public var needsPairs: Bool { false }
}

/// Something of a clip, with the clip's name.
typealias Named<Value> = (name: String, value: Value)

/// Why a metric has no value, in one line.
public struct MetricGap: Error, Sendable, Equatable, CustomStringConvertible {
  public let description: String
  public init(_ description: String) { self.description = description }
}

/// What metrics compute from.
public struct MetricInput: Sendable {
  public let generated: ExtractedSet
  public let reference: ExtractedSet?
  /// No more than this from the start of each clip counts; all of it where nil.
  public var seconds: Double?
  /// Whether distances of sets with fewer vectors than dimensions are computed.
  public var allowsRankDeficiency = false

  public init(generated: ExtractedSet, reference: ExtractedSet?) {
    self.generated = generated
    self.reference = reference
  }

  typealias Entry = (clip: ClipFolder.Clip, features: ClipFeatures)

  /// - Throws: ``MetricGap`` where no clip has them.
  func generated(_ extractor: String) throws -> [Entry] {
    try some(generated, extractor, "generated")
  }

  func reference(_ extractor: String) throws -> [Entry] {
    guard let reference else { throw MetricGap("it needs --reference") }
    return try some(reference, extractor, "reference")
  }

  /// Empty without a reference, and where none of its clips has them.
  func referenceIfAny(_ extractor: String) throws -> [Entry] {
    try reference?.features(extractor) ?? []
  }

  private func some(_ set: ExtractedSet, _ extractor: String, _ side: String) throws -> [Entry] {
    let entries = try set.features(extractor)
    guard !entries.isEmpty else {
      let reason = set.outcomes.lazy.compactMap { $0.failures[extractor]?.reason ?? $0.unreadable }.first
      throw MetricGap("no \(side) clip can be used" + (reason.map { " (the first: \($0))" } ?? ""))
    }
    return entries
  }

  /// Generated and reference clips of the same name.
  func pairs(_ extractor: String) throws -> [(name: String, generated: ClipFeatures, reference: ClipFeatures)]
  {
    let reference = Dictionary(
      uniqueKeysWithValues: try reference(extractor).map { ($0.clip.name, $0.features) })
    let pairs = try generated(extractor).compactMap { entry in
      reference[entry.clip.name].map { (entry.clip.name, entry.features, $0) }
    }
    guard !pairs.isEmpty else { throw MetricGap("no generated clip has the name of a reference clip") }
    return pairs
  }

  /// What both sides have under the same names, so that the number of one can stand beside that of the other; all that either has
  /// where they are no pairs.
  static func paired<Value>(
    _ generated: [Named<Value>], _ reference: [Named<Value>]
  ) -> (generated: [Named<Value>], reference: [Named<Value>]) {
    let pairs = ClipPairs(generated: generated.map { $0.name }, reference: reference.map { $0.name })
    guard pairs.isEnough else { return (generated, reference) }
    let names = Set(pairs.names)
    return (generated.filter { names.contains($0.name) }, reference.filter { names.contains($0.name) })
  }

  /// What is known of the scene that a clip shows or shall show: beside itself, or beside its reference.
  func scene(_ clip: ClipFolder.Clip) -> SceneDescription? {
    clip.scene ?? reference?.clips.first { $0.name == clip.name }?.scene
  }
}
