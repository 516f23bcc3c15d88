public import Foundation

/// All metrics, with the extractors that are at hand and what the others would need.
public struct MetricCatalog: Sendable {
  public private(set) var metrics: [any Metric] = []
  public private(set) var extractors: [any ClipExtractor] = []
  /// Metrics whose network has no weights here, and what they need.
  public private(set) var unavailable: [(family: String, score: MissingScore)] = []

  /// Where weights are looked for, and how clips are prepared.
  public struct Places: Sendable {
    /// The folder of the judges of scenes.
    public var judges: URL?
    /// Why there is none, for the report.
    public var judgesNeed = "needs the judges of scenes, which come with this program in Models/scene-judges"
    /// The folder of published networks' weights.
    public var weights: URL?
    /// Pixels of a side of the square that motion is measured in; nil keeps the size of the clips.
    public var flowSize: Int?

    public init() {}
  }

  /// - Throws: `WeightError` for a weight file that is there, but no such network's.
  public init(_ places: Places) async throws {
    let peaks = PeakExtractor(size: places.flowSize)
    extractors.append(peaks)
    metrics += AVAlign.allCases.map { AVAlignMetric(definition: $0, extractor: peaks) }
    try await addJudges(places)
    try await addNetworks(places)
  }

  private mutating func addNetworks(_ places: Places) async throws {
    let entries = try await NetworkMetrics.all { network in
      guard let folder = places.weights else { return nil }
      return try await PublishedWeights(network, in: folder)
    }
    for entry in entries {
      if entry.isPresent {
        extractors += entry.extractors as [any ClipExtractor]
        metrics += entry.metrics
      } else {
        unavailable += entry.metrics.map {
          ($0.family, MissingScore(metric: $0.id, name: $0.name, reason: entry.network.need))
        }
      }
    }
  }

  private mutating func addJudges(_ places: Places) async throws {
    let events = EventMetric.Comparison.allCases.map { EventMetric(comparison: $0) }
    let classes = ClassAgreementMetric.Comparison.allCases.map { ClassAgreementMetric(comparison: $0) }
    var judged: [any Metric] = events + classes
    var found: [any ClipExtractor] = []
    if let folder = places.judges {
      let judges = try await SceneJudges.extractors(folder)
      found = [judges.picture, judges.sound]
    }
    for (sense, id, settings) in [
      ("picture", PictureJudgeExtractor.id, PictureJudgeExtractor.settings),
      ("sound", SoundJudgeExtractor.id, SoundJudgeExtractor.settings),
    ] {
      let features = FeatureSource(extractor: id, key: "features", settings: settings)
      let logits = FeatureSource(extractor: id, key: "logits", settings: settings)
      judged.append(FrechetMetric(name: "FD-scenes-\(sense)", family: "fd-scenes", source: features))
      judged.append(KernelMetric(name: "KD-scenes-\(sense)", family: "kd-scenes", source: features))
      judged.append(
        InceptionMetric(
          name: "IS-scenes-\(sense)", family: "is-scenes", source: logits,
          inception: InceptionScore(splits: 1, shuffle: .none)))
      judged.append(DivergenceMetric(name: "KL-scenes-\(sense)", family: "kl-scenes", source: logits))
    }
    if found.isEmpty {
      unavailable += judged.map {
        ($0.family, MissingScore(metric: $0.id, name: $0.name, reason: places.judgesNeed))
      }
    } else {
      extractors += found
      metrics += judged
    }
  }

  /// What metrics can be chosen by, in order.
  public var families: [String] {
    var seen: Set<String> = []
    return (metrics.map(\.family) + unavailable.map(\.family)).filter { seen.insert($0).inserted }
  }

  /// All but other readings of a metric that is there already.
  public var available: MetricCatalog {
    // Every family that is left is one of the catalog's own.
    let families = families.filter { !NetworkMetrics.variants.contains($0) }
    return (try? choosing(families)) ?? self
  }

  /// Only the metrics of these families.
  /// - Throws: ``EvaluationSetupError/unknownMetric(_:known:)``
  public func choosing(_ families: [String]) throws(EvaluationSetupError) -> MetricCatalog {
    for name in families where !self.families.contains(name) {
      throw .unknownMetric(name, known: self.families)
    }
    var result = self
    result.metrics = metrics.filter { families.contains($0.family) }
    result.unavailable = unavailable.filter { families.contains($0.family) }
    let needed = Set(result.metrics.flatMap(\.extractors))
    result.extractors = extractors.filter { needed.contains($0.id) }
    return result
  }
}
