import Foundation
import Media
import Synchronization
import Testing
import Torch

@testable import UniForm

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
    let threads = Mutex<Set<ObjectIdentifier>>([])
    let clips = try await withThrowingTaskGroup(of: GeneratedClip.self) { group in
      for seed in 0..<4 {
        group.addTask {
          try await uniform.generate(GenerationRequest(prompt: "rain", seed: UInt64(seed))) { _ in
            threads.withLock { _ = $0.insert(ObjectIdentifier(Thread.current)) }
            return true
          }[0]
        }
      }
      return try await group.reduce(into: [UInt64: GeneratedClip]()) { $0[$1.settings.seed] = $1 }
    }
    #expect(threads.withLock { $0.count } == 1)
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
    let evaluations = Mutex(0)
    let task = Task {
      try await uniform.generate(GenerationRequest(prompt: "rain", steps: 1000)) { _ in
        evaluations.withLock { $0 += 1 }
        return true
      }
    }
    while evaluations.withLock({ $0 }) < 3 { await Task.yield() }
    task.cancel()
    await #expect(throws: CancellationError.self) { try await task.value }
    #expect(evaluations.withLock { $0 } < 1000)
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
