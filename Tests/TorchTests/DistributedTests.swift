import Foundation
import Testing

@testable import Torch

/// Processes stand side by side as threads here, each with a connection of its own; `LaunchRunTests` start real ones.
@Suite struct DistributedTests {
  @Test func everybodyGetsTheSumAndWhatTheRootHas() throws {
    let results = try together(2) { group in
      let sum = Tensor([Float(group.rank + 1), 10])
      try group.allReduce(sum)
      let shared = Tensor([Float(group.rank), 7])
      try group.broadcast(shared, root: 1)
      if group.rank == 1 {
        try group.send(Tensor([Float(42)]), to: 0)
        return (sum.floats, shared.floats, Float(42))
      }
      let received = Tensor.zeros([1])
      try group.receive(received, from: 1)
      return (sum.floats, shared.floats, received.floats[0])
    }
    for result in results {
      #expect(result.0 == [3, 20])
      #expect(result.1 == [1, 7])
      #expect(result.2 == 42)
    }
  }

  @Test(.enabled(if: Device.count(of: .cuda) > 1, "needs two GPUs"))
  func whatLiesOnGPUsIsSummedThere() throws {
    let results = try together(2, on: .cuda) { group in
      let sum = Tensor([Float(group.rank + 1), 10]).to(group.device)
      try group.allReduce(sum)
      let shared = Tensor([Float(group.rank), 7]).to(group.device)
      try group.broadcast(shared, root: 1)
      let onCPU = Tensor([Float(1)])
      try group.allReduce(onCPU)
      return [sum, shared, onCPU].map { $0.to(.cpu).floats }
    }
    #expect(results == [[[3, 20], [1, 7], [2]], [[3, 20], [1, 7], [2]]])
  }

  @Test(.enabled(if: !Device.cuda.isAvailable, "this machine has a GPU"))
  func withoutGPUsThereIsNoNCCL() throws {
    let error = #expect(throws: DistributedError.self) { try together(2, on: .cuda) { _ in } }
    #expect(
      error?.description
        == "worker 0 of 2 could not meet the others on cuda:0, a GPU of its own: nccl: there is no CUDA device here"
    )
  }

  /// One bucket per parameter, so that they are handed over one by one while the backward pass runs.
  private func gradients(_ group: ProcessGroup?, replicas: Int, rows: [[Int]]) throws -> [[Float]] {
    let stores = (0..<replicas).map { _ in ParameterStore(seed: 3) }
    let layers = try stores.map {
      [try Linear($0.root["a"], 3, 4), try Linear($0.root["b"], 4, 1), try Linear($0.root["unused"], 2, 2)]
    }
    for store in stores { store.enableTraining() }
    let reducer = GradientReducer(stores.map(\.trainable), group: group, bucketBytes: 1)
    let inputs = Tensor((0..<12).map { Float($0) / 7 }, shape: [4, 3])
    // The second time it is known which parameters the loss leaves out.
    for _ in 0..<2 {
      for store in stores { for entry in store.trainable { entry.tensor.setGradient(nil) } }
      reducer.begin(kind: "half")
      for (worker, layer) in layers.enumerated() {
        reducer.listen(to: worker)
        let mine = Tensor.stack(rows[worker].map { inputs.selected(0, $0) })
        layer[1](layer[0](mine).tanh).sum.backward()
      }
      try reducer.finish()
    }
    return stores[0].trainable.map { $0.tensor.gradient?.floats ?? [] }
  }

  @Test func gradientsAreSummedOverThreadsAndProcesses() throws {
    let whole = try gradients(nil, replicas: 1, rows: [[0, 1, 2, 3]])
    let threads = try gradients(nil, replicas: 2, rows: [[0, 1], [2, 3]])
    let both = try together(2) { group in
      try gradients(group, replicas: 2, rows: group.rank == 0 ? [[0], [1]] : [[2], [3]])
    }
    #expect(whole.last == [])
    #expect(both[0] == both[1])
    for other in [threads, both[0]] {
      for (a, b) in zip(whole, other) {
        #expect(a.count == b.count)
        for (x, y) in zip(a, b) { #expect(abs(x - y) < 1e-5) }
      }
    }
  }

  @Test func anOptimizerWhoseStateIsDividedStepsLikeAWholeOne() throws {
    func step(_ group: ProcessGroup?) throws -> ([[Float]], Int) {
      let store = ParameterStore(seed: 1)
      _ = try (Linear(store.root["a"], 3, 2), Linear(store.root["b"], 2, 5))
      store.enableTraining()
      let optimizer = ShardedAdamW(store.trainable, .init(weightDecay: 0.1), group: group)
      for _ in 0..<3 {
        for (index, entry) in store.trainable.enumerated() {
          entry.tensor.setGradient(Tensor.full(entry.tensor.shape, Double(index) - 1.5))
        }
        try optimizer.step(learningRate: 0.01)
      }
      return (store.trainable.map(\.tensor.floats), optimizer.local.parameters.count)
    }
    let whole = try step(nil)
    let shares = try together(2, step)
    #expect(shares.map(\.0) == [whole.0, whole.0])
    #expect(shares.map(\.1).reduce(0, +) == whole.1 && shares.allSatisfy { $0.1 > 0 })
  }

  @Test func theStateIsDividedEvenly() {
    #expect(ShardedAdamW.owners(sizes: [5, 100, 40, 60, 1], processes: 2) == [0, 0, 1, 1, 1])
    #expect(ShardedAdamW.owners(sizes: [1, 2], processes: 4) == [1, 0])
  }

  @Test func theEnvironmentSaysWhereToMeet() throws {
    #expect(try Rendezvous(environment: [:]) == nil)
    #expect(try Rendezvous(environment: ["WORLD_SIZE": "1"]) == nil)
    #expect(try Rendezvous(environment: ["RANK": "0"]) == nil)
    for lonely in [["RANK": "1"], ["RANK": "1", "WORLD_SIZE": ""], ["RANK": "3", "WORLD_SIZE": "1"]] {
      let error = #expect(throws: EnvironmentError.self) { _ = try Rendezvous(environment: lonely) }
      #expect(error?.description.contains("WORLD_SIZE is") == true)
    }
    let full = [
      "WORLD_SIZE": "4", "RANK": "3", "LOCAL_RANK": "1", "MASTER_ADDR": "node0", "MASTER_PORT": "1234",
    ]
    #expect(
      try Rendezvous(environment: full)
        == Rendezvous(host: "node0", port: 1234, rank: 3, size: 4, localRank: 1))
    for (key, value) in [
      ("RANK", "4"), ("RANK", ""), ("MASTER_ADDR", ""), ("WORLD_SIZE", "two"), ("MASTER_PORT", "0"),
    ] {
      let error = #expect(throws: EnvironmentError.self) {
        try Rendezvous(environment: full.merging([key: value]) { $1 })
      }
      #expect(error?.description.hasPrefix(key) == true)
    }
  }

  @Test(arguments: [0, 1])
  func aMeetingThatNobodyComesToEndsInTimeWithAReason(rank: Int) {
    let start = ContinuousClock.now
    let error = #expect(throws: DistributedError.self) {
      try ProcessGroup(host: "127.0.0.1", port: freePort(), rank: rank, size: 2, meetingTimeout: 4)
    }
    #expect(ContinuousClock.now - start < .seconds(15))
    let beginning = "worker \(rank) of 2 could not meet the others at 127.0.0.1:"
    #expect(error?.description.hasPrefix(beginning) == true)
  }
}
