import Foundation
import Testing
import Torch

@Suite final class SafeTensorsTests {
  let folder: URL

  init() throws {
    folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  @Test(arguments: [DType.float32, .float16, .bfloat16, .int64, .uint8, .float64])
  func everyTypeSurvivesTheRoundTrip(dtype: DType) throws {
    let url = folder.appending(path: "\(dtype).safetensors")
    let tensor = Tensor([0, 1, 2, 3, 4, 5] as [Float], shape: [2, 3]).to(dtype)
    try SafeTensors.write([("a", tensor), ("empty", .zeros([0, 4]))], metadata: ["note": "π"], to: url)
    let file = try SafeTensors(contentsOf: url)
    let read = try file.tensor("a")
    #expect(read.dtype == dtype && read.shape == [2, 3])
    #expect(read.to(.float32).floats == [0, 1, 2, 3, 4, 5])
    #expect(try file.tensor("empty").shape == [0, 4])
    #expect(file.metadata == ["note": "π"])
  }

  @Test func aTensorOutlivesItsFile() throws {
    let url = folder.appending(path: "x.safetensors")
    try SafeTensors.write([("a", Tensor([1, 2] as [Float]))], to: url)
    let tensor = try SafeTensors(contentsOf: url).tensor("a")
    try FileManager.default.removeItem(at: url)
    #expect(tensor.floats == [1, 2])
  }

  @Test func brokenFilesAreOneLineErrors() throws {
    let good = folder.appending(path: "good.safetensors")
    try SafeTensors.write([("a", Tensor([1, 2, 3, 4] as [Float]))], to: good)
    let bytes = try Data(contentsOf: good)
    let cases: [(String, Data)] = [
      ("empty", Data()), ("short", bytes.prefix(5)), ("cut header", bytes.prefix(20)),
      ("cut data", bytes.dropLast(4)), ("text", Data("<html>no</html>".utf8)),
      ("huge header", Data([255, 255, 255, 255, 255, 255, 255, 127]) + bytes),
      ("negative", file(header: #"{"a":{"dtype":"F32","shape":[-1],"data_offsets":[4,0]}}"#)),
      (
        "nothing of a huge shape",
        file(header: #"{"a":{"dtype":"U8","shape":[9223372036854775807,0],"data_offsets":[0,0]}}"#)
      ),
      ("overflow", file(header: #"{"a":{"dtype":"F32","shape":[9e18,9],"data_offsets":[0,4]}}"#)),
      ("bad type", file(header: #"{"a":{"dtype":"F7","shape":[1],"data_offsets":[0,4]}}"#)),
    ]
    for (name, data) in cases {
      let url = folder.appending(path: name)
      try data.write(to: url)
      let error = #expect(throws: WeightError.self, "\(name)") { _ = try SafeTensors(contentsOf: url) }
      #expect(error.map { !$0.description.contains("\n") } == true)
    }
    #expect(throws: WeightError.self) { _ = try SafeTensors(contentsOf: folder) }
    #expect(throws: WeightError.self) { _ = try SafeTensors(contentsOf: folder.appending(path: "none")) }
  }

  @Test func whatAFileIsInsteadIsSaid() throws {
    let archive = Data([0x50, 0x4B, 3, 4]) + Data(count: 60)
    let pointer = Data("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 9\n".utf8)
    for (data, text) in [
      (archive, "Scripts/convert-checkpoint"), (Data([0x80, 2, 0x7D]) + Data("q\0.".utf8), "pickled"),
      (pointer, "Git LFS"),
    ] {
      let url = folder.appending(path: "x.safetensors")
      try data.write(to: url)
      let error = #expect(throws: WeightError.self) { _ = try SafeTensors(contentsOf: url) }
      #expect(error?.description.contains(text) == true)
    }
  }

  private func file(header: String) -> Data {
    var length = UInt64(header.utf8.count).littleEndian
    return Data(bytes: &length, count: 8) + Data(header.utf8) + Data(count: 16)
  }

  @Test func aFailedWriteLeavesTheOldFile() throws {
    let url = folder.appending(path: "no/such/folder.safetensors")
    #expect(throws: WeightError.self) { try SafeTensors.write([("a", Tensor(Float(1)))], to: url) }
    let kept = folder.appending(path: "kept.safetensors")
    try SafeTensors.write([("a", Tensor([1] as [Float]))], to: kept)
    try SafeTensors.write([("a", Tensor([2] as [Float]))], to: kept)
    #expect(try SafeTensors(contentsOf: kept).tensor("a").floats == [2])
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["kept.safetensors"])
  }

  @Test func aNameMayBeAsLongAsFilesMayHaveIt() throws {
    let url = folder.appending(path: String(repeating: "x", count: 243) + ".safetensors")
    try SafeTensors.write([("a", Tensor([1] as [Float]))], to: url)
    #expect(try SafeTensors(contentsOf: url).tensor("a").floats == [1])
  }

  @Test func aShardedIndexReadsAsOne() throws {
    try SafeTensors.write(
      [("a", Tensor([1] as [Float]))], to: folder.appending(path: "m-1.safetensors"))
    try SafeTensors.write(
      [("b", Tensor([2] as [Float]))], to: folder.appending(path: "m-2.safetensors"))
    let index = folder.appending(path: "m.safetensors.index.json")
    try Data(#"{"weight_map": {"a": "m-1.safetensors", "b": "m-2.safetensors"}}"#.utf8).write(to: index)
    let weights = try Weights(contentsOf: index)
    #expect(weights.items.keys.sorted() == ["a", "b"])
    try Data(#"{"weight_map": {"a": "m-1.safetensors", "c": "m-2.safetensors"}}"#.utf8).write(to: index)
    #expect(throws: WeightError.missing(tensor: "c", file: index.path)) {
      _ = try Weights(contentsOf: index)
    }
  }
}

@Suite final class PendingTensorTests {
  let folder: URL

  init() throws {
    folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  private func pending(_ name: String, _ value: Double, made: @escaping () -> Void = {})
    -> SafeTensors.Pending
  {
    SafeTensors.Pending(name: name, shape: [2, 3], dtype: .bfloat16) {
      made()
      return Tensor.full([2, 3], value).to(.bfloat16)
    }
  }

  @Test func pendingTensorsMakeTheSameFile() throws {
    let (eager, streamed) = (folder.appending(path: "a"), folder.appending(path: "b"))
    let tensors = [1.0, 2].map { Tensor.full([2, 3], $0).to(.bfloat16) }
    try SafeTensors.write([("x", tensors[0]), ("y", tensors[1])], metadata: ["format": "pt"], to: eager)
    var events: [String] = []
    try SafeTensors.write(
      pending: [
        pending("x", 1) { events.append("make x") }, pending("y", 2) { events.append("make y") },
      ], metadata: ["format": "pt"], to: streamed
    ) { events.append("wrote \($0)") }
    #expect(try Data(contentsOf: eager) == Data(contentsOf: streamed))
    #expect(events == ["make x", "wrote 1", "make y", "wrote 2"])
  }

  @Test func aTensorThatCannotBeMadeIsNoFaultOfTheFile() throws {
    struct Lost: Error {}
    let lost = SafeTensors.Pending(name: "y", shape: [1], dtype: .float32) { throw Lost() }
    #expect(throws: Lost.self) {
      try SafeTensors.write(pending: [pending("x", 1), lost], to: folder.appending(path: "a"))
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).isEmpty)
  }

  @Test func aWriterThatIsStoppedLeavesTheOldFile() throws {
    let url = folder.appending(path: "a")
    try SafeTensors.write(pending: [pending("x", 1)], to: url)
    let before = try Data(contentsOf: url)
    #expect(throws: CancellationError.self) {
      try SafeTensors.write(pending: [pending("x", 2), pending("y", 2)], to: url) { _ in
        throw CancellationError()
      }
    }
    #expect(try Data(contentsOf: url) == before)
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path) == ["a"])
  }

  @Test func releasedPagesAreReadAgain() throws {
    let url = folder.appending(path: "a.safetensors")
    try SafeTensors.write([("x", .full([1000], 3))], to: url)
    let weights = try Weights(contentsOf: url).renamed { "layer." + $0 }
    let item = try #require(weights.items["layer.x"])
    #expect(item.origin == "x")
    let tensor = try item.load()
    #expect(tensor.floats.allSatisfy { $0 == 3 })
    weights.releasePages()
    #expect(tensor.floats.allSatisfy { $0 == 3 })
  }
}

@Suite struct ParameterTests {
  @Test func anOutlineListsWhatAModelHoldsWithoutHoldingIt() throws {
    let outline = ParameterStore.outline()
    _ = try Linear(outline.root["layer"], 1 << 20, 1 << 20, weightInitialization: .zeros)
    #expect(outline.entries.map(\.name) == ["layer.weight", "layer.bias"])
    #expect(outline.entries[0].tensor.shape == [1 << 20, 1 << 20])
    let first = outline.entries[1].initialization.tensor([4], generator: Generator(seed: 1))
    #expect(first.floats.allSatisfy { abs($0) <= 1 / 1024 })
  }

  @Test func loadingNamesWhatIsMissingWrongOrTooMuch() throws {
    let weights = Weights(
      items: [
        "layer.weight": .init(shape: [2, 3]) { .zeros([2, 3]) },
        "layer.bias": .init(shape: [2]) { .zeros([2]) },
        "extra": .init(shape: [1]) { .zeros([1]) },
      ], source: "file")
    let store = ParameterStore(loading: weights)
    _ = try Linear(store.root["layer"], 3, 2)
    #expect(throws: WeightError.unexpected(tensors: ["extra"], file: "file")) { try store.requireAllUsed() }
    #expect(
      throws: WeightError.wrongShape(tensor: "layer.weight", expected: [2, 4], found: [2, 3], file: "file")
    ) { _ = try Linear(store.root["layer"], 4, 2) }
    let integers = ParameterStore(
      loading: Weights(
        items: ["weight": .init(shape: [2]) { .zeros([2], dtype: .int64) }], source: "file"))
    #expect(throws: WeightError.wrongType(tensor: "weight", found: .int64, file: "file")) {
      _ = try integers.root("weight", 2)
    }
    #expect(throws: WeightError.missing(tensor: "other.weight", file: "file")) {
      _ = try Linear(store.root["other"], 3, 2)
    }
  }

  @Test func oneSeedGivesOneModel() throws {
    let first = ParameterStore(seed: 3)
    let second = ParameterStore(seed: 3)
    let a = try Linear(first.root, 5, 7)
    let b = try Linear(second.root, 5, 7)
    #expect(a.weight.floats == b.weight.floats)
    #expect(first.entries.map(\.name) == ["weight", "bias"])
  }
}
