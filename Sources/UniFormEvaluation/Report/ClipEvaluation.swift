internal import Foundation
internal import UniForm

/// One comparison from folders to report.
public struct ClipEvaluation: Sendable {
  public enum Stage: String, Sendable {
    case generated = "generated clips"
    case reference = "reference clips"
    case scores
  }

  public let catalog: MetricCatalog
  public var extraction: FeatureExtraction
  public var allowsRankDeficiency = false

  public init(catalog: MetricCatalog, extraction: FeatureExtraction) {
    self.catalog = catalog
    self.extraction = extraction
  }

  /// - Parameters:
  ///   - captions: by name of the clip.
  ///   - progress: stage, done and all; may be called on any thread.
  /// - Throws: ``EvaluationSetupError`` where nothing can be compared, `CancellationError`.
  public func run(
    title: String, generated: ClipFolder, reference: ClipFolder?, captions: [String: String] = [:],
    progress: @Sendable (Stage, Int, Int) -> Void = { _, _, _ in }
  ) async throws -> EvaluationReport {
    let start = ContinuousClock.now
    let pairs = try checkPairs(generated: generated, reference: reference)
    let made = try await extraction.run(generated.clips, catalog.extractors, captions: captions) {
      progress(.generated, $0, $1)
    }
    try require(made, generated)
    var real: ExtractedSet?
    if let reference {
      let set = try await extraction.run(reference.clips, catalog.extractors, captions: captions) {
        progress(.reference, $0, $1)
      }
      try require(set, reference)
      real = set
    }
    var input = MetricInput(generated: made, reference: real)
    input.seconds = extraction.seconds
    input.allowsRankDeficiency = allowsRankDeficiency
    var scores: [Score] = []
    var missing = catalog.unavailable.map(\.score)
    for (index, metric) in catalog.metrics.enumerated() {
      progress(.scores, index, catalog.metrics.count)
      try Task.checkCancellation()
      do {
        scores.append(try score(metric, input))
      } catch let gap as MetricGap {
        missing.append(MissingScore(metric: metric.id, name: metric.name, reason: gap.description))
      } catch let error as EvaluationError {
        missing.append(MissingScore(metric: metric.id, name: metric.name, reason: error.description))
      }
    }
    progress(.scores, catalog.metrics.count, catalog.metrics.count)
    return EvaluationReport(
      version: UniFormVersion.current, title: title,
      generated: .init(made, folder: generated.url.lastPathComponent),
      reference: real.map { .init($0, folder: reference!.url.lastPathComponent) },
      pairs: pairs.map {
        .init(count: $0.names.count, generatedAlone: $0.generatedAlone, referenceAlone: $0.referenceAlone)
      },
      clipSeconds: extraction.seconds, scores: scores, missing: missing,
      skippedGenerated: made.failures, skippedReference: real?.failures ?? [],
      seconds: (ContinuousClock.now - start) / .seconds(1))
  }

  /// - Throws: ``EvaluationSetupError/tooLittleOverlap(pairs:generated:reference:)`` where a metric needs pairs.
  @discardableResult
  public func checkPairs(generated: ClipFolder, reference: ClipFolder?) throws(EvaluationSetupError)
    -> ClipPairs?
  {
    guard let reference else { return nil }
    let pairs = ClipPairs(generated: generated.clips.map(\.name), reference: reference.clips.map(\.name))
    if catalog.metrics.contains(where: \.needsPairs) { try pairs.requireEnough() }
    return pairs
  }

  private func score(_ metric: any Metric, _ input: MetricInput) throws -> Score {
    if metric.needsReference && input.reference == nil { throw MetricGap("it needs --reference") }
    let start = ContinuousClock.now
    var score = try metric.score(input)
    guard score.value.isFinite else { throw MetricGap("it came out as \(score.value)") }
    // Numbers of beginnings are others than those of whole clips.
    score.metric = metric.id + (extraction.seconds.map { "/first-\($0)s" } ?? "")
    score.name = metric.name
    score.family = metric.family
    score.better = metric.better
    let weights = catalog.extractors.filter { metric.extractors.contains($0.id) && !$0.weights.isEmpty }
    if !weights.isEmpty {
      score.weights = Dictionary(uniqueKeysWithValues: weights.map { ($0.id, $0.weights) })
    }
    score.seconds = (ContinuousClock.now - start) / .seconds(1)
    return score
  }

  private func require(_ set: ExtractedSet, _ folder: ClipFolder) throws {
    guard set.readableCount > 0 else {
      throw EvaluationSetupError.noReadableClip(
        folder.url.relativePath, reason: set.failures.first?.reason ?? "unknown")
    }
  }
}
