internal import Torch

/// One network's parameters, once per worker, with their optimiser and average. The first replica is the master of this
/// process; the masters of all processes are equal.
final class ReplicatedParameters {
  let stores: [ParameterStore]
  let optimizer: ShardedAdamW
  /// Of the parameters whose moments this process keeps, too.
  let average: ExponentialMovingAverage
  let reducer: GradientReducer
  private let group: ProcessGroup?

  /// - Parameter overlaps: false sums the gradients only after the backward pass, for a network through which other
  ///   losses lead as well.
  init(
    _ stores: [ParameterStore], _ settings: OptimizationSettings, group: ProcessGroup?
  ) {
    precondition(!stores.isEmpty, "no replica of the parameters")
    self.stores = stores
    self.group = group
    for store in stores { store.enableTraining() }
    optimizer = ShardedAdamW(stores[0].trainable, settings.adamW, group: group)
    average = ExponentialMovingAverage(optimizer.local.parameters, decay: settings.emaDecay)
    reducer = GradientReducer(stores.map(\.trainable), group: group)
    synchronize()
  }

  var trainable: [ParameterStore.Entry] { optimizer.parameters }

  /// Scales the gradient to at most `maximum`; returns its norm before.
  func clip(_ maximum: Double) -> Double { trainable.clipGradients(maximum: maximum) }

  /// One step of the optimiser from the gradients of the master, in every replica of every process.
  func update(learningRate: Double, step: Int) throws {
    try optimizer.step(learningRate: learningRate)
    average.update(step: step)
    synchronize()
  }

  /// Copies the master to the other replicas.
  func synchronize() {
    withoutGradient {
      for replica in stores.dropFirst() {
        for (target, source) in zip(replica.entries, stores[0].entries) {
          target.tensor.copy_(source.tensor)
        }
      }
    }
  }

  func clearGradients() {
    for worker in stores.indices { clearGradients(worker: worker) }
  }

  func clearGradients(worker: Int) {
    for entry in stores[worker].trainable { entry.tensor.setGradient(nil) }
  }

  /// The average begins with the parameters as they are.
  func restartAverage() {
    withoutGradient {
      for (entry, average) in zip(optimizer.local.parameters, average.averages) {
        average.copy_(entry.tensor)
      }
    }
  }

  /// Runs `body` with the averages in place of the master's parameters; in every process, whatever `body` does there.
  func withAverages<Result>(_ body: () throws -> Result) throws -> Result {
    let saved = withoutGradient { trainable.map { $0.tensor.detached.cloned } }
    defer {
      withoutGradient { for (entry, tensor) in zip(trainable, saved) { entry.tensor.copy_(tensor) } }
    }
    var mine = average.averages.makeIterator()
    let rank = group?.rank ?? 0
    try withoutGradient {
      for (entry, owner) in zip(trainable, optimizer.owners) {
        if owner == rank { entry.tensor.copy_(mine.next()!) }
        guard let group else { continue }
        let value = entry.tensor.detached.to(group.device).contiguous
        try group.broadcast(value, root: owner)
        entry.tensor.copy_(value)
      }
    }
    return try body()
  }

  /// In the same order in every process.
  func checkpointTensors(prefix: String) -> [CheckpointTensor] {
    let saved = stores[0].entries.filter { stores[0].adapters == nil || $0.isAdapter }
    var tensors = saved.map { entry in
      CheckpointTensor(
        name: "\(prefix)parameters.\(entry.name)", shape: entry.tensor.shape, dtype: entry.tensor.dtype,
        owner: 0,
        // Every process reads them, and the first one writes them.
        tensor: entry.tensor)
    }
    let rank = group?.rank ?? 0
    var index = 0
    for (entry, owner) in zip(trainable, optimizer.owners) {
      let local = owner == rank ? index : nil
      if owner == rank { index += 1 }
      let state: [(String, [Tensor], [Int])] = [
        ("first_moments", optimizer.local.firstMoments, entry.tensor.shape),
        ("second_moments", optimizer.local.secondMoments, entry.tensor.shape),
        ("updates", optimizer.local.steps, []), ("averages", average.averages, entry.tensor.shape),
      ]
      for (name, values, shape) in state {
        tensors.append(
          CheckpointTensor(
            name: "\(prefix)\(name).\(entry.name)", shape: shape, dtype: .float32, owner: owner,
            tensor: local.map { values[$0] }))
      }
    }
    return tensors
  }
}
