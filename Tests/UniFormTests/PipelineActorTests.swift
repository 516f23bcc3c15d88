import Dispatch
import Foundation
import Media
import Synchronization
import Testing
import Torch

@testable import UniForm

/// What progress closures saw, on whatever thread.
private final class Seen: Sendable {
  private let threads = Mutex<[ObjectIdentifier]>([])

  func note() { threads.withLock { $0.append(ObjectIdentifier(Thread.current)) } }
  var reports: Int { threads.withLock { $0.count } }
  var threadCount: Int { threads.withLock { Set($0).count } }
}

@Suite("Pipeline actor") struct PipelineActorTests {
  let folder: TemporaryFolder
  let model: ModelDirectory

  init() throws {
    folder = try TemporaryFolder()
    try TinyModel().write(to: folder.url)
    model = try ModelDirectory(folder.url)
  }

  @Test("concurrent requests come out as they do alone, all from one thread")
  func concurrentRequests() async throws {
    let uniform = PipelineActor(model, dtype: .float32, threads: 2)
    let seen = Seen()
    let clips = try await withThrowingTaskGroup(of: GeneratedClip.self) { group in
      for seed in 0..<4 {
        group.addTask { [uniform, seen] in
          try await uniform.generate(GenerationRequest(prompt: "rain", seed: UInt64(seed))) { _ in
            seen.note()
            return true
          }[0]
        }
      }
      return try await group.reduce(into: [UInt64: GeneratedClip]()) { $0[$1.settings.seed] = $1 }
    }
    #expect(seen.threadCount == 1)
    let pipeline = try UniFormPipeline(model, dtype: .float32)
    for seed in 0..<4 {
      let expected = try pipeline.generate(GenerationRequest(prompt: "rain", seed: UInt64(seed)))[0]
      #expect(clips[UInt64(seed)]?.video == expected.video)
      #expect(clips[UInt64(seed)]?.audio == expected.audio)
    }
  }

  @Test("cancelling the task stops the generation")
  func cancellation() async throws {
    let uniform = PipelineActor(model)
    let seen = Seen()
    let isCancelled = DispatchSemaphore(value: 0)
    let task = Task {
      try await uniform.generate(GenerationRequest(prompt: "rain", steps: 1000)) { _ in
        seen.note()
        // On a busy machine this task may wait long for its turn; the generation waits for it here.
        if seen.reports == 3 { isCancelled.wait() }
        return true
      }
    }
    while seen.reports < 3 { await Task.yield() }
    task.cancel()
    isCancelled.signal()
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(seen.reports == 3)
  }

  @Test("errors reach the caller, and the next request works")
  func errors() async throws {
    let uniform = PipelineActor(model)
    await #expect(throws: GenerationError.self) { try await uniform.generate(GenerationRequest(steps: 0)) }
    await #expect(throws: TorchError.self) {
      try await uniform.withPipeline { _ in Tensor.zeros([2, 3]).matmul(.zeros([2, 3])).count }
    }
    #expect(try await uniform.generate(GenerationRequest(prompt: "rain"))[0].video?.count == 17)
  }
}
