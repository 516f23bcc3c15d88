import Foundation
import Media
import Scenes
import Synchronization
import Testing
import Torch
import UniForm

@testable import UniFormTraining

/// Rendered clips of which some cannot be used, and which may end the work.
private struct TestSource: ClipSource {
  var clips: RenderedClips
  var bad: Set<Int> = []
  /// Cancels the work when this clip is loaded.
  var end: Int?

  var count: Int { clips.count }
  var summary: CacheRecipe.Source { clips.summary }
  var settings: [String: String] { ["fit": "cover"] }

  func load(_ index: Int) async throws -> ClipOutcome {
    if index == end { throw CancellationError() }
    guard !bad.contains(index) else {
      return .skipped(SkippedClip(id: "\(index)", file: "\(index).mp4", reason: .silent, message: "no sound"))
    }
    return try await clips.load(index)
  }
}

/// One after another: each keeps all processors busy, and tests elsewhere wait for sockets and processes.
@Suite(.serialized) struct CachePreparationTests {
  let folder: TemporaryFolder
  let model: ModelDirectory

  init() throws {
    folder = try TemporaryFolder()
    try TinyModel().write(to: folder.url.appending(path: "model"))
    model = try ModelDirectory(folder.url.appending(path: "model"))
  }

  private func rendered(_ count: Int, seed: UInt64 = 1) -> RenderedClips {
    RenderedClips(count: count, seed: seed, geometry: model.geometry.scenes)
  }

  private func cache(_ name: String) -> URL { folder.url.appending(path: name, directoryHint: .isDirectory) }

  private func prepare(
    _ source: any ClipSource, _ name: String, _ change: (inout CachePreparation.Options) -> Void = { _ in }
  ) async throws -> CachePreparation.Outcome {
    var options = CachePreparation.Options()
    options.shardSize = 10
    change(&options)
    return try await CachePreparation(source, model: model, to: cache(name), options).run()
  }

  /// All files, by path, hidden ones too.
  private func files(_ name: String) throws -> [String: Data] {
    let paths = try FileManager.default.subpathsOfDirectory(atPath: cache(name).path)
    return paths.reduce(into: [:]) { files, path in
      files[path] = try? Data(contentsOf: cache(name).appending(path: path))
    }
  }

  @Test func `a cache holds the posteriors that the codecs give, and the captions as they are read`()
    async throws
  {
    let source = rendered(11)
    let outcome = try await prepare(source, "cache")
    #expect(outcome.index?.count == 11)
    let data = try LatentDataset(contentsOf: cache("cache"), for: model, needsTextStates: true)
    #expect(data.count == 11)
    let batch = data.batch([10, 3])
    #expect(batch.video.moments.shape == [2, 8, 5, 4, 4])
    #expect(batch.audio.moments.shape == [2, 16, 25, 16])

    let pipeline = try UniFormPipeline(model, dtype: .float32)
    for (row, index) in [10, 3].enumerated() {
      guard case .loaded(let clip) = try await source.load(index) else {
        throw DataError.emptyCache(folder.url)
      }
      let latents = try pipeline.encode(video: clip.video, audio: clip.audio)
      for modality in Modality.allCases {
        let expected = try #require(latents[modality]).to(.float16).to(.float32)
        #expect(batch.mode[modality].narrowed(0, start: row, length: 1).floats == expected.floats)
      }
      let text = try pipeline.embed([clip.description.caption ?? ""])
      let length = text.states.size(1)
      #expect(
        batch.ids.selected(0, row).values(as: Int.self).prefix(length) == text.ids.values(as: Int.self)[...])
      let states = try #require(batch.states).selected(0, row).narrowed(0, start: 0, length: length)
      #expect(states.floats == text.states.to(.float16).to(.float32).floats)
      #expect(batch.mask.selected(0, row).sum.item == Double(length))
      #expect(try data.descriptions(of: [index]) == [clip.description])
    }
    // Samples differ from the mean, and the same generator draws the same.
    let (a, b) = (batch.sample(Generator(seed: 1)), batch.sample(Generator(seed: 1)))
    #expect(a.video.floats == b.video.floats)
    #expect(a.video.floats != batch.mode.video.floats && a.audio.floats != batch.mode.audio.floats)
  }

  @Test func `what was interrupted goes on, and the result is the same to the byte`() async throws {
    let source = TestSource(clips: rendered(27), bad: [0, 13])
    _ = try await prepare(source, "whole")
    for end in [9, 20, 26] {
      var cut = source
      cut.end = end
      await #expect(throws: CancellationError.self) { _ = try await prepare(cut, "parts") }
      #expect(throws: DataError.noCache(cache("parts"), isBegun: true)) {
        _ = try LatentDataset(contentsOf: cache("parts"), for: model)
      }
    }
    let outcome = try await prepare(source, "parts") { $0.decoders = 1 }
    // The last block alone was left to do.
    #expect(outcome.done == 7)
    #expect(try files("parts") == files("whole"))
    #expect(
      try files("whole").keys.sorted() == [
        "clips-00000.jsonl", "clips-00000.safetensors", "clips-00001.jsonl", "clips-00001.safetensors",
        "clips-00002.jsonl", "clips-00002.safetensors", "index.json", "skipped.jsonl",
      ])
    #expect(outcome.index?.skipped == ["silent": 2])
    let skipped = try JSONLines.decode(SkippedClip.self, from: try #require(files("whole")["skipped.jsonl"]))
    #expect(skipped.map(\.id) == ["0", "13"])
    // Nothing is left to do.
    #expect(try await prepare(source, "parts").done == 0)
  }

  @Test func `what another process makes is left to it`() async throws {
    let work = CacheWork(cache: cache("held"))
    _ = try work.begin(CachePreparation(rendered(3), model: model, to: cache("held"), small).recipe)
    let lock = try work.lock(.whole)
    await #expect(throws: DataError.busy(cache("held"))) { try await prepare(rendered(3), "held") }
    withExtendedLifetime(lock) {}
  }

  private var small: CachePreparation.Options {
    var options = CachePreparation.Options()
    options.shardSize = 10
    return options
  }

  @Test func `a cache that lost a file or claims the impossible is damaged`() async throws {
    _ = try await prepare(rendered(3), "lost")
    let index = cache("lost").appending(path: "index.json")
    let text = try String(contentsOf: index, encoding: .utf8)
    for (key, value) in [("bytes", "9223372036854775807"), ("count", "-1")] {
      let claim = text.replacing(try Regex("\"\(key)\" ?: ?[0-9]+"), with: "\"\(key)\":\(value)")
      #expect(claim != text)
      try Data(claim.utf8).write(to: index)
      let error = #expect(throws: DataError.self) { try CacheIndex(contentsOf: cache("lost")) }
      #expect(error?.description.contains("make no sense") == true, "\(error?.description ?? "")")
    }
    try Data(text.utf8).write(to: index)
    try FileManager.default.removeItem(at: cache("lost").appending(path: "clips-00000.safetensors"))
    let error = await #expect(throws: DataError.self) { try await prepare(rendered(3), "lost") }
    #expect(error?.description.contains("clips-00000.safetensors is missing") == true)
  }

  @Test func `workers divide the work, a lost one is replaced, and nothing is there twice`() async throws {
    let source = TestSource(clips: rendered(35), bad: [4])
    let whole = try await prepare(source, "whole")
    var lost = source
    lost.end = 15
    await #expect(throws: CancellationError.self) {
      _ = try await prepare(lost, "shared") { $0.share = WorkShare(rank: 1, count: 3) }
    }
    #expect(try await prepare(source, "shared") { $0.share = WorkShare(rank: 0, count: 3) }.index == nil)
    #expect(try await prepare(source, "shared") { $0.share = WorkShare(rank: 2, count: 3) }.index == nil)
    // Whoever takes its place, with another number of workers.
    let last = try await prepare(source, "shared")
    #expect(last.index == whole.index)
    #expect(try files("shared") == files("whole"))
  }

  @Test func `a cache of other encoders, of another size or with other settings is refused`() async throws {
    _ = try await prepare(rendered(3), "cache") { $0.textStates = false }
    #expect(throws: DataError.noTextStates(cache("cache"))) {
      _ = try LatentDataset(contentsOf: cache("cache"), for: model, needsTextStates: true)
    }
    await #expect(throws: DataError.otherRecipe(cache("cache"), what: "3 clips, not 4")) {
      _ = try await prepare(rendered(4), "cache") { $0.textStates = false }
    }
    await #expect(throws: DataError.otherRecipe(cache("cache"), what: "--tokens-only")) {
      _ = try await prepare(rendered(3), "cache")
    }
    var other = TinyModel()
    other.audioVAE.scalingFactor = 0.5
    try other.write(to: model.url)
    #expect(throws: DataError.otherEncoder(cache("cache"), part: "audio encoder", model: "tiny")) {
      _ = try LatentDataset(contentsOf: cache("cache"), for: ModelDirectory(model.url))
    }
    other = TinyModel()
    other.index.geometry.width = 64
    try other.write(to: model.url)
    let error = #expect(throws: DataError.self) {
      _ = try LatentDataset(contentsOf: cache("cache"), for: ModelDirectory(model.url))
    }
    #expect(error?.description.contains("was made with \"width\" 32, but 'tiny' has 64") == true)
  }

  @Test func `clips of another length are a cache of their own`() async throws {
    _ = try await prepare(rendered(2), "cache") { $0.seconds = 2 }
    let data = try LatentDataset(contentsOf: cache("cache"), for: model)
    #expect(data.geometry.seconds == 2)
    #expect(data.batch([1]).video.mean.shape == [1, 4, 10, 4, 4])
  }

  @Test func `a byte that changed is found`() async throws {
    let index = try #require(try await prepare(rendered(3), "cache").index)
    try index.verify(in: cache("cache"))
    let file = cache("cache").appending(path: "clips-00000.safetensors")
    var bytes = try Data(contentsOf: file)
    bytes[bytes.count - 5] ^= 1
    try bytes.write(to: file)
    #expect(
      throws: DataError.damagedCache(
        cache("cache"), reason: "clips-00000.safetensors is not what was written")
    ) {
      try index.verify(in: cache("cache"))
    }
    try bytes.prefix(bytes.count / 2).write(to: file)
    #expect(throws: WeightError.self) { _ = try LatentDataset(contentsOf: cache("cache"), for: model) }
    try FileManager.default.removeItem(at: file)
    #expect(throws: WeightError.self) { _ = try LatentDataset(contentsOf: cache("cache"), for: model) }
  }

  @Test func `where no clip can be used there is no cache, only the reasons`() async throws {
    let source = TestSource(clips: rendered(2), bad: [0, 1])
    let list = cache("cache").appending(path: "skipped.jsonl")
    await #expect(throws: DataError.nothingUsable(list, skipped: 2)) {
      _ = try await prepare(source, "cache")
    }
    #expect(FileManager.default.fileExists(atPath: list.path))
    await #expect(throws: DataError.nothingUsable(list, skipped: 2)) {
      _ = try await prepare(source, "cache")
    }
    #expect(throws: DataError.noCache(cache("cache"), isBegun: false)) {
      _ = try LatentDataset(contentsOf: cache("cache"), for: model)
    }
  }

  @Test func `a folder with something else in it is not touched`() async throws {
    try FileManager.default.createDirectory(at: cache("home"), withIntermediateDirectories: true)
    try Data("letter".utf8).write(to: cache("home").appending(path: "letter.txt"))
    await #expect(throws: DataError.notWritable(cache("home"), reason: "it is there and is no cache")) {
      _ = try await prepare(rendered(2), "home")
    }
    #expect(try files("home").keys.sorted() == ["letter.txt"])
  }

  @Test func `clips without a caption are known as such`() async throws {
    let source = CaptionlessSource(clips: rendered(3))
    _ = try await prepare(source, "cache")
    let data = try LatentDataset(contentsOf: cache("cache"), for: model)
    #expect(data.batch([0, 1, 2]).hasCaption == [true, false, true])
    #expect(try data.descriptions(of: [1])[0].caption == nil)
  }

  @Test func `decoders stay ahead of the encoders, but not without bound`() async throws {
    let open = Mutex(0)
    let most = Mutex(0)
    let taken = Mutex(0)
    let started = Mutex(0)
    try await loadingAhead(50, ahead: 6, atOnce: 2) { index in
      #expect(index <= taken.withLock { $0 } + 6)
      started.withLock { $0 += 1 }
      let now = open.withLock { value in
        value += 1
        return value
      }
      most.withLock { $0 = max($0, now) }
      await Task.yield()
      open.withLock { $0 -= 1 }
      return index
    } take: { element in
      #expect(element == taken.withLock { $0 })
      taken.withLock { $0 += 1 }
    }
    #expect(taken.withLock { $0 } == 50 && started.withLock { $0 } == 50)
    #expect(most.withLock { $0 } <= 2)
  }
}

private struct CaptionlessSource: ClipSource {
  let clips: RenderedClips
  var count: Int { clips.count }
  var summary: CacheRecipe.Source { clips.summary }
  var settings: [String: String] { [:] }

  func load(_ index: Int) async throws -> ClipOutcome {
    guard case .loaded(let clip) = try await clips.load(index), index == 1 else {
      return try await clips.load(index)
    }
    let description = ClipDescription(id: "1", caption: nil, file: nil, start: 0, split: nil)
    return .loaded(LoadedClip(description: description, video: clip.video, audio: clip.audio))
  }
}
