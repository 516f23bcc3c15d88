internal import Torch

/// One network's parameters, once per worker, and their optimiser: the first replica is the master.
final class ReplicatedParameters {
  let stores: [ParameterStore]
  let optimizer: AdamW

  init(_ stores: [ParameterStore], _ configuration: AdamW.Configuration) {
    precondition(!stores.isEmpty, "no replica of the parameters")
    self.stores = stores
    for store in stores { store.enableTraining() }
    optimizer = AdamW(stores[0].trainable, configuration)
    synchronize()
  }

  var trainable: [ParameterStore.Entry] { optimizer.parameters }

  /// Leaves the mean of all workers' gradients in the master.
  func averageGradients() {
    guard stores.count > 1 else { return }
    withoutGradient {
      let others = stores.dropFirst().map(\.trainable)
      for (index, entry) in trainable.enumerated() {
        for other in others {
          guard let gradient = other[index].tensor.gradient else { continue }
          if let mine = entry.tensor.gradient {
            mine.add_(gradient)
          } else {
            entry.tensor.setGradient(gradient)
          }
          other[index].tensor.setGradient(nil)
        }
        _ = entry.tensor.gradient?.mul_(1 / Double(stores.count))
      }
    }
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

  func clearGradients() { optimizer.clearGradients() }

  func clearGradients(worker: Int) {
    for entry in stores[worker].trainable { entry.tensor.setGradient(nil) }
  }
}
