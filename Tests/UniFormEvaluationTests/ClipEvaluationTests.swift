import Foundation
import Media
import Scenes
import Synchronization
import Testing
import Torch
import UniForm

@testable import UniFormEvaluation

/// Folders of clips, from files to report.
@Suite struct ClipEvaluationTests {
  static let judges = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "Models/scene-judges")
  static let classes: [SceneClass] = [.bell, .rain, .anvil, .drums]

  let place: Place

  init() throws { place = try Place() }

  /// A folder that disappears with the test.
  final class Place: Sendable {
    let url = FileManager.default.temporaryDirectory.appending(
      path: "uniform-evaluation-\(UUID().uuidString)")
    init() throws { try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true) }
    deinit { try? FileManager.default.removeItem(at: url) }
  }

  /// Rendered scenes as files, with their descriptions.
  private func folder(
    _ name: String, seed: UInt64, count: Int = 4, sound: Bool = true, descriptions: Bool = true
  ) async throws -> URL {
    let folder = place.url.appending(path: name)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let renderer = SceneRenderer(geometry: SceneGeometry(width: 64, height: 64, seconds: 0.6))
    for index in 0..<count {
      let clip = renderer.render(
        seed: SceneRenderer.clipSeed(datasetSeed: seed, index: index), sceneClass: Self.classes[index % 4])
      try await MediaWriter.write(
        picture: .frames(clip.video), sound: sound ? .waveform(clip.audio) : nil,
        to: folder.appending(path: "clip-\(index).mp4"))
      if descriptions {
        try clip.description.json().write(to: folder.appending(path: "clip-\(index).json"))
      }
    }
    return folder
  }

  private func evaluation(judges: URL? = Self.judges) async throws -> ClipEvaluation {
    var places = MetricCatalog.Places()
    places.judges = judges
    var evaluation = ClipEvaluation(
      catalog: try await MetricCatalog(places),
      extraction: FeatureExtraction(cache: try FeatureCache(place.url.appending(path: "cache")), threads: 2))
    evaluation.allowsRankDeficiency = true
    return evaluation
  }

  @Test func aFolderAgainstItselfIsPerfect() async throws {
    let url = try await folder("real", seed: 1)
    let clips = try ClipFolder(url)
    let report = try await evaluation().run(title: "self", generated: clips, reference: clips)
    #expect(report.skippedGenerated.isEmpty && report.skippedReference.isEmpty)
    #expect(report.pairs?.count == 4)
    func score(_ name: String) throws -> Score { try #require(report.scores.first { $0.name == name }) }
    for sense in ["picture", "sound"] {
      #expect(abs(try score("FD-scenes-\(sense)").value) < 1e-4)
      #expect(try score("KL-scenes-\(sense)").value == 0)
    }
    #expect(try score("Class agreement (picture)").value == score("Class agreement (picture)").reference)
    let align = try score("AV-Align (old)")
    #expect(align.value == align.reference && align.metric.contains("farneback") && align.generatedCount > 0)
    // Weights of networks that are not here are named with where they come from.
    let missing = try #require(report.missing.first { $0.name == "FVD" })
    #expect(missing.reason.contains("i3d_pretrained_400.safetensors") && missing.reason.contains("licence"))
    let decoded = try JSONDecoder().decode(EvaluationReport.self, from: report.json())
    #expect(decoded == report)
    let markdown = MarkdownReport([report], tables: [(PublishedTable.all[0], [report])])
    #expect(markdown.text.contains("| UniForm (paper) † | 1.30 | 6.21 | 15.43 | 2.46 | 0.430 |"))
    #expect(HTMLReport(markdown).text.contains("AV-Align (2025)"))
  }

  @Test func whatLiesBehindACutDoesNotCountAndIdsSaySo() async throws {
    let url = try await folder("real", seed: 8)
    var cut = try await evaluation()
    cut.extraction.seconds = 0.4
    let before = try await cut.run(title: "cut", generated: try ClipFolder(url), reference: nil)
    #expect(!before.scores.isEmpty && before.scores.allSatisfy { $0.metric.hasSuffix("/first-0.4s") })
    for clip in try ClipFolder(url).clips {
      var scene = try #require(clip.scene)
      scene.seconds = 9
      scene.events += [0.5, 5, 6, 7].map { SceneEvent(time: $0, kind: "impact") }
      try scene.json().write(to: url.appending(path: "\(clip.name).json"))
    }
    let after = try await cut.run(title: "cut", generated: try ClipFolder(url), reference: nil)
    #expect(after.scores.map(\.value) == before.scores.map(\.value))
  }

  @Test func brokenAndMuteClipsAreSkippedWithTheReason() async throws {
    let url = try await folder("made", seed: 2)
    try Data("no clip".utf8).write(to: url.appending(path: "broken.mp4"))
    let renderer = SceneRenderer(geometry: SceneGeometry(width: 64, height: 64, seconds: 0.5))
    try await MediaWriter.write(
      picture: .frames(renderer.pictures(seed: 3)), sound: nil, to: url.appending(path: "mute.mp4"))
    let report = try await evaluation().run(title: "made", generated: try ClipFolder(url), reference: nil)
    #expect(report.generated.clips == 6 && report.generated.readable == 5 && report.skippedAny)
    #expect(report.skippedGenerated.contains { $0.clip == "broken" && $0.extractor == nil })
    #expect(
      report.skippedGenerated.contains {
        $0.clip == "mute" && $0.extractor == "av-peaks" && $0.reason.contains("no sound")
      })
    #expect(!report.skippedGenerated.contains { $0.clip == "mute" && $0.extractor == "scene-picture-judge" })
    #expect(report.missing.contains { $0.name == "FD-scenes-picture" && $0.reason.contains("--reference") })
  }

  /// What no clip has is no failure of one of them.
  @Test func aSetWithoutSoundHasNoScoresOfSound() async throws {
    let url = try await folder("mute", seed: 4, count: 2, sound: false)
    let report = try await evaluation().run(title: "mute", generated: try ClipFolder(url), reference: nil)
    #expect(!report.skippedAny)
    #expect(report.missing.contains { $0.name == "AV-Align (old)" && $0.reason.contains("no sound") })
    #expect(report.scores.contains { $0.name == "Class agreement (picture)" })
  }

  @Test func withoutJudgesAVAlignIsStillThere() async throws {
    let url = try await folder("made", seed: 5, count: 2)
    let report = try await evaluation(judges: nil).run(
      title: "made", generated: try ClipFolder(url), reference: nil)
    #expect(report.scores.map(\.family).allSatisfy { $0 == "av-align" } && report.scores.count == 3)
    #expect(report.missing.contains { $0.name.hasPrefix("Event F1") && $0.reason.contains("judges") })
  }

  @Test func sheetsShowWhatWasScoredAndLeaveOutWhatCannotBeDrawn() async throws {
    let clips = try ClipFolder(try await folder("made", seed: 6))
    var report = try await evaluation().run(title: "made", generated: clips, reference: nil)
    report.scores.removeAll { $0.family != "class-agreement" }
    let whole = try await ClipExhibits().draw(report, of: clips, in: place.url)
    #expect(whole.count == 4 && whole.contains { $0.caption.contains("clip-0,") })
    report.clipSeconds = 0.2
    let short = try await ClipExhibits().draw(report, of: clips, in: place.url)
    #expect(short.map(\.caption) == whole.map(\.caption) && short[0].png != whole[0].png)
    try Data("no clip".utf8).write(to: clips.clips[0].url)
    let rest = try await ClipExhibits().draw(report, of: clips, in: place.url)
    #expect(rest.count == 3 && !rest.contains { $0.caption.contains("clip-0,") })
  }

  @Test func foldersThatGiveNoComparisonAreRefused() async throws {
    let empty = place.url.appending(path: "empty")
    try FileManager.default.createDirectory(at: empty, withIntermediateDirectories: true)
    #expect(throws: EvaluationSetupError.self) { try ClipFolder(empty) }
    #expect(throws: EvaluationSetupError.self) { try ClipFolder(place.url.appending(path: "nothing")) }
    try Data([1]).write(to: empty.appending(path: "a.mp4"))
    try Data([1]).write(to: empty.appending(path: "a.webm"))
    let error = #expect(throws: EvaluationSetupError.self) { try ClipFolder(empty) }
    #expect("\(try #require(error))".contains("a.webm"))
    try FileManager.default.removeItem(at: empty.appending(path: "a.webm"))
    await #expect(throws: EvaluationSetupError.self) {
      try await evaluation().run(title: "", generated: try ClipFolder(empty), reference: nil)
    }
  }

  @Test func pairsNeedOverlap() {
    let pairs = ClipPairs(generated: ["a", "b", "c"], reference: ["b", "c", "d", "e"])
    #expect(
      pairs.names == ["b", "c"] && pairs.generatedAlone == ["a"] && pairs.referenceAlone == ["d", "e"])
    #expect(pairs.isEnough)
    #expect(!ClipPairs(generated: ["a"], reference: ["b"]).isEnough)
    #expect(ClipPairs(generated: ["a"], reference: ["a", "b", "c", "d"]).isEnough)
  }

  @Test func unknownMetricsAreToldTheKnownOnes() async throws {
    let catalog = try await MetricCatalog(MetricCatalog.Places())
    let error = #expect(throws: EvaluationSetupError.self) { try catalog.choosing(["av-align", "fvd2"]) }
    let line = "\(try #require(error))"
    #expect(line.contains("'fvd2'") && line.contains("fvd, kvd"))
    let chosen = try catalog.choosing(["av-align"])
    #expect(chosen.extractors.count == 1 && chosen.metrics.count == 3 && chosen.unavailable.isEmpty)
  }
}

@Suite struct FeatureCacheTests {
  /// Counts how often it is asked; its settings and weights may be changed.
  final class Counter: ClipExtractor {
    let count = Mutex(0)
    let settings: String
    let weights: String
    let value: Double
    var id: String { "counter" }
    var needs: Set<ClipPart> { [] }

    init(settings: String = "a", weights: String = "w", value: Double = 1) {
      self.settings = settings
      self.weights = weights
      self.value = value
    }

    func extract(_ clip: ClipMedia, caption: String?) async throws -> ClipFeatures {
      count.withLock { $0 += 1 }
      return ["features": FeatureMatrix([value])]
    }
  }

  let place: ClipEvaluationTests.Place
  let clip: ClipFolder.Clip

  init() async throws {
    place = try ClipEvaluationTests.Place()
    let url = place.url.appending(path: "a.wav")
    try await MediaWriter.write(
      picture: nil, sound: .waveform(Waveform(sampleRate: 8000, samples: .init(repeating: 0.1, count: 800))),
      to: url)
    clip = try ClipFolder(place.url).clips[0]
  }

  private func run(_ counter: Counter, seconds: Double? = nil) async throws -> ExtractedSet {
    let cache = try FeatureCache(place.url.appending(path: "cache"))
    return try await FeatureExtraction(cache: cache, seconds: seconds, threads: 2).run([clip], [counter])
  }

  @Test func featuresAreComputedOnce() async throws {
    let (first, second) = (Counter(), Counter())
    _ = try await run(first)
    let set = try await run(second)
    #expect(first.count.withLock { $0 } == 1 && second.count.withLock { $0 } == 0)
    #expect(try set.features("counter")[0].features["features"]?.values == [1])
  }

  @Test func anythingThatChangesNumbersIsComputedAnew() async throws {
    _ = try await run(Counter())
    for other in [Counter(settings: "b"), Counter(weights: "v")] {
      _ = try await run(other)
      #expect(other.count.withLock { $0 } == 1)
    }
    let cut = Counter()
    _ = try await run(cut, seconds: 0.05)
    #expect(cut.count.withLock { $0 } == 1)
    let samples = [Float](repeating: 0.2, count: 800)
    try await MediaWriter.write(
      picture: nil, sound: .waveform(Waveform(sampleRate: 8000, samples: samples)), to: clip.url)
    let changed = Counter()
    _ = try await run(changed)
    #expect(changed.count.withLock { $0 } == 1)
  }

  @Test func aDamagedFileIsComputedAnew() async throws {
    _ = try await run(Counter())
    let cache = place.url.appending(path: "cache")
    for case let file as URL in FileManager.default.enumerator(at: cache, includingPropertiesForKeys: nil)!
    where file.pathExtension == "safetensors" {
      try Data("cut off".utf8).write(to: file)
    }
    let again = Counter()
    _ = try await run(again)
    #expect(again.count.withLock { $0 } == 1)
  }

  @Test func featuresThatAreNoNumbersAreRefused() async throws {
    let set = try await run(Counter(value: .nan))
    #expect(set.failures.map(\.reason) == [EvaluationError.notFinite.description])
    let again = Counter(value: .nan)
    _ = try await run(again)
    #expect(again.count.withLock { $0 } == 1, "nothing of it may be cached")
  }
}
