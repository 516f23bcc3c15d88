internal import Foundation
internal import Torch
public import UniForm

/// Training that begins with weights that were trained before.
extension TrainingLoop {
  /// Copies the weights of one part into the parameters and their average. The optimiser starts anew.
  ///
  /// - Parameters:
  ///   - prefix: what the names of the part's parameters begin with in this run.
  ///   - constants: names that keep their values: what is measured at the end of a run.
  /// - Throws: `WeightError` where a tensor is missing or has another shape; nothing is copied then.
  public func begin(
    with part: ModelDirectory.Part, of source: ModelDirectory, prefix: String = "",
    keeping constants: Set<String> = []
  ) throws {
    let url = try source.weightsURL(part)
    let file = try SafeTensors(contentsOf: url)
    let targets = model.stores[0].entries.filter {
      $0.name.hasPrefix(prefix) && !constants.contains(String($0.name.dropFirst(prefix.count)))
    }
    let sources = try targets.map { entry in
      let tensor = try file.tensor(String(entry.name.dropFirst(prefix.count)))
      guard tensor.shape == entry.tensor.shape else {
        throw WeightError.wrongShape(
          tensor: entry.name, expected: entry.tensor.shape, found: tensor.shape, file: url.path)
      }
      return tensor
    }
    withoutGradient {
      for (target, source) in zip(targets, sources) { target.tensor.copy_(source) }
      for (entry, average) in zip(model.trainable, average.averages) { average.copy_(entry.tensor) }
    }
    model.synchronize()
  }
}
