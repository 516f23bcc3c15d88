public import Foundation
internal import Torch

/// Everything that a run needs to continue: parameters, moments, averages, step and time, in one file.
extension TrainingLoop {
  func writeCheckpoint(to url: URL) throws {
    var tensors = checkpointTensors(of: model, prefix: "")
    for (entry, tensor) in zip(model.trainable, average.averages) {
      tensors.append(("averages.\(entry.name)", tensor))
    }
    if let adversary { tensors += checkpointTensors(of: adversary, prefix: "adversary.") }
    try SafeTensors.write(
      tensors, metadata: ["step": "\(step)", "elapsed": "\(elapsed)", "seed": "\(settings.seed)"], to: url)
  }

  /// Continues from a checkpoint of the same model; throws where it does not fit.
  public func resume(from url: URL) throws {
    let file = try SafeTensors(contentsOf: url)
    guard let step = file.metadata["step"].flatMap(Int.init),
      let elapsed = file.metadata["elapsed"].flatMap(Double.init)
    else { throw TrainingError("\(url.path): is no checkpoint of a training run") }
    guard file.metadata["seed"] == "\(settings.seed)" else {
      throw TrainingError(
        "\(url.path): was made with seed \(file.metadata["seed"] ?? "?"), not \(settings.seed)")
    }
    try withoutGradient {
      for (name, tensor) in checkpointTensors(of: model, prefix: "") {
        _ = tensor.copy_(try file.tensor(name))
      }
      for (entry, tensor) in zip(model.trainable, average.averages) {
        _ = tensor.copy_(try file.tensor("averages.\(entry.name)"))
      }
      if let adversary {
        for (name, tensor) in checkpointTensors(of: adversary, prefix: "adversary.") {
          _ = tensor.copy_(try file.tensor(name))
        }
      }
    }
    model.synchronize()
    adversary?.synchronize()
    self.step = step
    self.elapsed = elapsed
  }

  private func checkpointTensors(
    of network: ReplicatedParameters, prefix: String
  ) -> [(name: String, tensor: Tensor)] {
    let optimizer = network.optimizer
    var tensors = network.stores[0].entries.map { ("\(prefix)parameters.\($0.name)", $0.tensor) }
    for (index, entry) in optimizer.parameters.enumerated() {
      tensors.append(("\(prefix)first_moments.\(entry.name)", optimizer.firstMoments[index]))
      tensors.append(("\(prefix)second_moments.\(entry.name)", optimizer.secondMoments[index]))
      tensors.append(("\(prefix)updates.\(entry.name)", optimizer.steps[index]))
    }
    return tensors
  }
}
