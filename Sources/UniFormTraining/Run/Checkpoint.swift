internal import Foundation
internal import Torch

/// Everything that a run needs to go on: parameters, moments, averages and counters, in one file. What is drawn at
/// random follows from the step, so no state of a generator is needed.
extension TrainingLoop {
  /// Saves the state; all processes call it, and the first one writes.
  func saveCheckpoint() throws {
    let tensors = checkpointTensors
    guard let group, group.rank > 0 else {
      _ = try context.checkpoints?.write(
        step: step, tensors.map { $0.pending(group) },
        metadata: [
          "step": "\(step)", "elapsed": "\(elapsed)", "skipped": "\(skipped)", "essence": context.essence,
          "configuration": context.configuration,
        ])
      return
    }
    // In the order in which the first process asks for them.
    for tensor in tensors where tensor.owner == group.rank {
      try group.send(tensor.dense!, to: 0)
    }
  }

  /// Continues from the last checkpoint, where there is one.
  ///
  /// - Returns: whether there was one.
  /// - Throws: ``TrainingError`` where it was made with another configuration.
  @discardableResult public func resume(warn: (String) -> Void = { _ in }) throws -> Bool {
    guard let entry = try context.checkpoints?.latest(warn: warn) else { return false }
    let file = try SafeTensors(contentsOf: entry.url)
    func number<Value: LosslessStringConvertible>(_ key: String) throws -> Value {
      guard let value = file.metadata[key].flatMap(Value.init) else {
        throw TrainingError("\(entry.url.path): is no checkpoint of a training run")
      }
      return value
    }
    if let difference = Essence.difference(file.metadata["essence"] ?? "", context.essence) {
      throw TrainingError("\(entry.url.path): \(difference); use another run folder to start anew")
    }
    // All are looked at before one is touched.
    let mine = checkpointTensors.compactMap { entry in entry.tensor.map { (entry.name, $0) } }
    let sources = try mine.map { name, tensor in
      let source = try file.tensor(name)
      guard source.shape == tensor.shape else {
        throw WeightError.wrongShape(
          tensor: name, expected: tensor.shape, found: source.shape, file: entry.url.path)
      }
      return source
    }
    let (step, elapsed, skipped): (Int, Double, Int) = (
      try number("step"), try number("elapsed"), try number("skipped")
    )
    withoutGradient {
      for ((_, target), source) in zip(mine, sources) { target.copy_(source) }
    }
    model.synchronize()
    adversary?.synchronize()
    (self.step, self.elapsed, self.skipped) = (step, elapsed, skipped)
    return true
  }

  private var checkpointTensors: [CheckpointTensor] {
    model.checkpointTensors(prefix: "") + (adversary?.checkpointTensors(prefix: "adversary.") ?? [])
  }
}

/// A tensor of a checkpoint, and the process that has it; nil elsewhere.
struct CheckpointTensor {
  let name: String
  let shape: [Int]
  let dtype: DType
  let owner: Int
  let tensor: Tensor?

  /// Ready to be sent.
  var dense: Tensor? { tensor.map { $0.detached.to(.cpu).contiguous } }

  /// Of the writing process: its own, or what the owner sends when its turn comes.
  func pending(_ group: ProcessGroup?) -> SafeTensors.Pending {
    SafeTensors.Pending(name: name, shape: shape, dtype: dtype) {
      if let dense { return dense }
      let received = Tensor.empty(shape, dtype: dtype)
      try group!.receive(received, from: owner)
      return received
    }
  }
}

/// What two runs must have in common to be one: settings as JSON.
enum Essence {
  /// The first setting that differs, as in "optimization.seed is 1 in the run, and 2 now"; nil where none does.
  static func difference(_ old: String, _ new: String) -> String? {
    guard old != new else { return nil }
    func flat(_ text: String) -> [String: String] {
      var result: [String: String] = [:]
      func add(_ value: Any, _ path: String) {
        if let object = value as? [String: Any] {
          for (key, value) in object { add(value, path.isEmpty ? key : "\(path).\(key)") }
        } else {
          result[path] = "\(value)"
        }
      }
      add((try? JSONSerialization.jsonObject(with: Data(text.utf8))) ?? [:], "")
      return result
    }
    let (a, b) = (flat(old), flat(new))
    guard let key = Set(a.keys).union(b.keys).filter({ a[$0] != b[$0] }).min() else { return nil }
    return "was made with \(key) \(a[key] ?? "unset"), which is \(b[key] ?? "unset") now"
  }
}
