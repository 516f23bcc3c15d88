public import Foundation
internal import Torch

/// Everything that a run needs to continue: parameters, moments, averages, step and time, in one file.
extension TrainingLoop {
  func writeCheckpoint(to url: URL) throws {
    var tensors: [(name: String, tensor: Tensor)] = []
    for entry in replicas[0].entries { tensors.append(("parameters.\(entry.name)", entry.tensor)) }
    for (index, entry) in optimizer.parameters.enumerated() {
      tensors.append(("first_moments.\(entry.name)", optimizer.firstMoments[index]))
      tensors.append(("second_moments.\(entry.name)", optimizer.secondMoments[index]))
      tensors.append(("updates.\(entry.name)", optimizer.steps[index]))
      tensors.append(("averages.\(entry.name)", average.averages[index]))
    }
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
    try replicas[0].copyValues(from: Weights(file).scoped("parameters."))
    try withoutGradient {
      for (index, entry) in optimizer.parameters.enumerated() {
        _ = optimizer.firstMoments[index].copy_(try file.tensor("first_moments.\(entry.name)"))
        _ = optimizer.secondMoments[index].copy_(try file.tensor("second_moments.\(entry.name)"))
        _ = optimizer.steps[index].copy_(try file.tensor("updates.\(entry.name)"))
        _ = average.averages[index].copy_(try file.tensor("averages.\(entry.name)"))
      }
    }
    synchronizeReplicas()
    self.step = step
    self.elapsed = elapsed
  }
}
