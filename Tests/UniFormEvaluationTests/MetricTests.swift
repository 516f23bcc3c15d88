import Foundation
import Scenes
import Testing
import Torch

@testable import UniFormEvaluation

/// Metrics over features that are given rather than extracted.
@Suite struct MetricTests {
  let place: ClipEvaluationTests.Place

  init() throws { place = try ClipEvaluationTests.Place() }

  typealias Features = [(name: String, features: ClipFeatures)]

  private func extracted(
    _ extractor: String, _ clips: Features, scene: (Int) -> SceneDescription? = { _ in nil }
  ) throws -> ExtractedSet {
    let cache = try FeatureCache(place.url)
    let outcomes = try clips.map { clip in
      let key = UUID().uuidString
      try cache.store(clip.features, key)
      var outcome = ClipOutcome()
      outcome.keys[extractor] = key
      return outcome
    }
    return ExtractedSet(
      cache: cache,
      clips: clips.indices.map {
        ClipFolder.Clip(name: clips[$0].name, url: place.url, scene: scene($0))
      }, outcomes: outcomes)
  }

  private func scene(_ kind: SceneClass, events: [Double] = []) -> SceneDescription {
    SceneDescription(
      caption: "", sceneClass: kind, attributes: [:], seed: 0, seconds: 2,
      events: events.map { SceneEvent(time: $0, kind: "impact") })
  }

  private let source = FeatureSource(extractor: "x", key: "f", settings: "s")

  /// Twenty clips of some vectors each.
  private func vectors(_ tag: UInt64, perClip count: Int, width: Int) throws -> ExtractedSet {
    let values = StatisticsTests.numbers(tag, [20, count * width]).values(as: Double.self)
    return try extracted(
      "x",
      (0..<20).map { index in
        let own = Array(values[index * count * width..<(index + 1) * count * width])
        return ("\(index)", ["f": FeatureMatrix(rows: count, columns: width, values: own)])
      })
  }

  @Test func eventsBehindACutAreNotMissed() throws {
    let found: [Double] = [0.5]
    let clips = try extracted(SoundJudgeExtractor.id, [("a", ["events": FeatureMatrix(found)])]) { _ in
      scene(.anvil, events: [0.5, 1.5])
    }
    let metric = EventMetric(comparison: .soundToTruth)
    var input = MetricInput(generated: clips, reference: nil)
    #expect(abs(try metric.score(input).value - 2.0 / 3) < 1e-12)
    input.seconds = 1
    #expect(try metric.score(input).value == 1)
  }

  /// Where the sets are of one distribution, resampling with replacement gives distances that all are too large.
  @Test func intervalsOfDistancesHoldTheirValue() throws {
    let real = try vectors(200, perClip: 3, width: 8)
    let inputs = try (201..<207).map {
      MetricInput(generated: try vectors($0, perClip: 3, width: 8), reference: real)
    }
    let metrics: [any Metric] = [
      FrechetMetric(name: "FD", family: "fd", source: source),
      KernelMetric(name: "KD", family: "kd", source: source),
    ]
    for metric in metrics {
      let scores = try inputs.map { try metric.score($0) }
      let mean = scores.reduce(0) { $0 + $1.value } / Double(scores.count)
      for score in scores {
        let interval = try #require(score.interval)
        #expect(interval.low < score.value && score.value < interval.high)
        #expect(interval.low < mean && mean < interval.high, "another set of the same kind")
      }
    }
  }

  @Test func distancesAreExtrapolatedFromLongLinesOnly() throws {
    let metric = FrechetMetric(name: "FD", family: "fd", source: source)
    let real = try vectors(210, perClip: 50, width: 4)
    for (count, isThere) in [(50, true), (49, false)] {
      let input = MetricInput(generated: try vectors(211, perClip: count, width: 4), reference: real)
      let details = try #require(try metric.score(input).details)
      #expect((details["extrapolated_without_replacement"] != nil) == isThere)
    }
  }

  @Test func ordersLeaveNoClipInItsPlace() {
    for count in [2, 3, 7, 40] {
      let orders = shuffledOrders(count)
      #expect(orders.count == 10 && orders == shuffledOrders(count))
      for order in orders {
        #expect(order.sorted() == Array(0..<count) && order.indices.allSatisfy { order[$0] != $0 })
      }
    }
    #expect(Set(shuffledOrders(40)).count == 10 && Set(shuffledOrders(2)) == [[1, 0]])
    #expect(shuffledOrders(1).isEmpty && shuffledOrders(0).isEmpty)
    #expect(shuffledMean(1) { _, _ in 1 } == nil && shuffledMean(5) { _, _ in nil } == nil)
  }

  /// Three clips of each class: of 50 others, two are of the same.
  @Test(arguments: [true, false]) func chanceDoesNotDependOnTheOrderOfFiles(isInFolders: Bool) throws {
    let classes = SceneClass.allCases
    let kinds = (0..<51).map { isInFolders ? $0 / 3 : $0 % 17 }
    let clips: Features = kinds.indices.map { index in
      let logits = (0..<17).map { $0 == kinds[index] ? 5.0 : 0 }
      return ("\(index)", ["logits": FeatureMatrix(logits)])
    }
    let opinions = try extracted(PictureJudgeExtractor.id, clips) { scene(classes[kinds[$0]]) }
    let score = try ClassAgreementMetric(comparison: .pictureToTruth).score(
      MetricInput(generated: opinions, reference: nil))
    let shuffled = try #require(score.shuffled)
    #expect(score.value == 1 && shuffled > 0.01 && shuffled < 0.07, "\(shuffled) instead of 0.04")
  }

  @Test(arguments: [true, false]) func divergencesByChanceAreOfAnyTwoClips(isInFolders: Bool) throws {
    let clips: Features = (0..<40).map { index in
      let isFirst = isInFolders ? index < 20 : index % 2 == 0
      let logits: [Double] = isFirst ? [3, 0] : [0, 3]
      return ("\(index)", ["f": FeatureMatrix(logits)])
    }
    let opinions = try extracted("x", clips)
    let score = try DivergenceMetric(name: "KL", family: "kl", source: source).score(
      MetricInput(generated: opinions, reference: opinions))
    // 20 of 39 others are of the other class.
    let odds = exp(3.0)
    let expected = 20.0 / 39 * 3 * (odds - 1) / (odds + 1)
    let shuffled = try #require(score.shuffled)
    #expect(score.value == 0 && abs(shuffled / expected - 1) < 0.1, "\(shuffled), expected \(expected)")
  }

  @Test func theReferenceIsOfTheSameClips() throws {
    func clips(_ values: [(String, Double)]) throws -> ExtractedSet {
      try extracted("x", values.map { ($0.0, ["f": FeatureMatrix([$0.1] as [Double])]) })
    }
    let metric = MeanMetric(name: "m", family: "m", better: .higher, source: source)
    let generated = try clips([("a", 1), ("b", 2), ("c", 30)])
    let score = try metric.score(
      MetricInput(generated: generated, reference: try clips([("b", 4), ("c", 5), ("d", 600)])))
    #expect(score.value == 16 && score.reference == 4.5)
    #expect(score.generatedCount == 2 && score.referenceCount == 2 && score.clips == ["b": 2, "c": 30])
    // Folders without pairs have one number each.
    let apart = try metric.score(
      MetricInput(generated: generated, reference: try clips([("d", 4), ("e", 6)])))
    #expect(apart.value == 11 && apart.reference == 5 && apart.generatedCount == 3)
    let alone = try metric.score(MetricInput(generated: generated, reference: nil))
    #expect(alone.value == 11 && alone.reference == nil && alone.referenceCount == nil)
  }

  @Test func aClipWithoutPeaksOnOneSideCountsOnNeither() throws {
    let metric = AVAlignMetric(definition: .old, extractor: PeakExtractor())
    /// One maximum of motion at 0.2 s, or none.
    func clip(_ name: String, onset: Double, moves: Bool = true) -> (name: String, features: ClipFeatures) {
      let motion: [Double] = moves ? [1, 1, 2, 1, 1] : [1, 1, 1, 1, 1]
      let rate: [Double] = [10]
      let audio = FeatureMatrix(onset < 1 ? [onset] : [] as [Double])
      return (name, ["audio": audio, "motion": FeatureMatrix(motion), "rate": FeatureMatrix(rate)])
    }
    let generated = try extracted(
      "av-peaks",
      [clip("a", onset: 0.2), clip("b", onset: 0.9), clip("c", onset: 2, moves: false)])
    let real = try extracted(
      "av-peaks",
      [clip("a", onset: 0.9), clip("b", onset: 2, moves: false), clip("d", onset: 0.2)])
    let score = try metric.score(MetricInput(generated: generated, reference: real))
    #expect(score.clips == ["a": 1] && score.reference == 0 && score.referenceCount == 1)
    #expect(score.excluded == 1 && score.shuffled == nil)
  }
}
