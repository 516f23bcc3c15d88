import Foundation
import Testing
import Torch

@testable import UniFormTraining

@Suite struct CheckpointStoreTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func store(keep: Int = 2, milestone: Int = 0) throws -> CheckpointStore {
    var settings = CheckpointSettings()
    (settings.keep, settings.milestoneEvery) = (keep, milestone)
    return try CheckpointStore(folder: folder.url, settings)
  }

  private func write(_ store: CheckpointStore, _ steps: Int...) throws {
    for step in steps {
      _ = try store.write(
        step: step,
        [.init(name: "x", shape: [4], dtype: .float32) { Tensor([Float](repeating: Float(step), count: 4)) }],
        metadata: ["step": "\(step)"])
    }
  }

  private var names: [String] {
    get throws { try FileManager.default.contentsOfDirectory(atPath: folder.url.path).sorted() }
  }

  @Test func theLastOnesAndTheMilestonesAreKept() throws {
    let store = try store(keep: 2, milestone: 20)
    try write(store, 10, 20, 30, 40, 50, 60)
    #expect(store.steps == [20, 40, 50, 60])
    #expect(try names.count == 8)
    #expect(try store.latest { _ in }?.step == 60)
  }

  @Test func whatAnInterruptedWriteLeavesDoesNotCountAndIsRemoved() throws {
    let store = try store()
    try write(store, 1)
    // Killed before the description was written, and while the tensors were.
    try Data("half".utf8).write(to: folder.url.appending(path: "step-000000002.safetensors"))
    try Data("half".utf8).write(to: folder.url.appending(path: ".step-000000003.safetensors.99.tmp"))
    #expect(try store.latest { _ in }?.step == 1)
    try write(store, 2)
    #expect(
      try names
        == [
          "step-000000001.json", "step-000000001.safetensors", "step-000000002.json",
          "step-000000002.safetensors",
        ])
  }

  @Test func aDamagedCheckpointIsPassedOver() throws {
    let store = try store()
    try write(store, 1, 2)
    let url = folder.url.appending(path: "step-000000002.safetensors")
    var bytes = try Data(contentsOf: url)
    bytes[bytes.count - 3] ^= 1
    try bytes.write(to: url)
    var warnings: [String] = []
    #expect(try store.latest { warnings.append($0) }?.step == 1)
    #expect(warnings.count == 1 && warnings[0].contains("step-000000002.safetensors"))
    try FileManager.default.removeItem(at: folder.url.appending(path: "step-000000001.safetensors"))
    #expect(throws: TrainingError.self) { try store.latest { _ in } }
  }

  @Test func aFailedWriteLeavesTheLastOneIntact() throws {
    let store = try store()
    try write(store, 1)
    struct DiskFull: Error {}
    let error = #expect(throws: TrainingError.self) {
      _ = try store.write(
        step: 2, [.init(name: "x", shape: [1], dtype: .float32) { throw DiskFull() }], metadata: [:])
    }
    #expect(error?.description.contains("the one of step 1 is intact") == true)
    #expect(try names == ["step-000000001.json", "step-000000001.safetensors"])
  }

  @Test func twoProcessesCannotTrainInOneFolder() throws {
    let first = try RunDirectory(folder.url)
    #expect(throws: TrainingError.self) { _ = try RunDirectory(folder.url) }
    withExtendedLifetime(first) {}
  }
}
