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
      tensors, metadata: ["step": "\(step)", "elapsed": "\(elapsed)", "run": identity], to: url)
  }

  /// Continues from a checkpoint of the same model; throws where it does not fit.
  public func resume(from url: URL) throws {
    let file = try SafeTensors(contentsOf: url)
    guard let step = file.metadata["step"].flatMap(Int.init),
      let elapsed = file.metadata["elapsed"].flatMap(Double.init)
    else { throw TrainingError("\(url.path): is no checkpoint of a training run") }
    guard file.metadata["run"] == identity else {
      throw TrainingError(
        "\(url.path): was made with another configuration or number of workers; remove it to start anew")
    }
    var targets = checkpointTensors(of: model, prefix: "")
    targets += zip(model.trainable, average.averages).map { ("averages.\($0.name)", $1) }
    if let adversary { targets += checkpointTensors(of: adversary, prefix: "adversary.") }
    // All are looked at before one is touched.
    let sources = try targets.map { name, tensor in
      let source = try file.tensor(name)
      guard source.shape == tensor.shape else {
        throw WeightError.wrongShape(
          tensor: name, expected: tensor.shape, found: source.shape, file: url.path)
      }
      return source
    }
    withoutGradient {
      for (target, source) in zip(targets, sources) { target.tensor.copy_(source) }
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
