public import Torch
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
    let weights = try source.weights(of: part)
    let targets = model.stores[0].entries.filter {
      $0.name.hasPrefix(prefix) && !$0.isAdapter
        && !constants.contains(String($0.name.dropFirst(prefix.count)))
    }
    let sources = try targets.map { entry in
      let name = String(entry.name.dropFirst(prefix.count))
      guard let item = weights.items[name] else {
        throw WeightError.missing(tensor: name, file: weights.source)
      }
      guard item.shape == entry.tensor.shape else {
        throw WeightError.wrongShape(
          tensor: entry.name, expected: entry.tensor.shape, found: item.shape, file: weights.source)
      }
      return try item.load()
    }
    withoutGradient {
      for (target, source) in zip(targets, sources) { target.tensor.copy_(source) }
    }
    model.restartAverage()
    model.synchronize()
  }
}

extension TrainingLoop {
  /// Runs `body` with the averages in place of the parameters of the first replica; every process calls it.
  public func withAverages<Result>(_ body: () throws -> Result) throws -> Result {
    try model.withAverages(body)
  }

  /// The averaged parameters, named, as they go into a model directory; every process calls it.
  public func averagedParameters() throws -> [(name: String, tensor: Tensor)] {
    try model.withAverages {
      withoutGradient { model.stores[0].entries.map { ($0.name, $0.tensor.detached.to(.cpu).cloned) } }
    }
  }
}
