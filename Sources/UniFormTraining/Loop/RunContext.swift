internal import Foundation
public import Torch
public import UniForm

/// What a training loop works with besides a model and a recipe.
public struct RunContext {
  public var seed: UInt64 = 42
  /// The other processes; nil where there are none.
  public var group: ProcessGroup?
  /// Nil saves nothing.
  public var checkpoints: CheckpointStore?
  public var checkpointEvery = 1_000
  public var log: MetricsLog
  /// Saves and stops so many minutes after the loop began or went on; 0 does not.
  public var minutes = 0.0
  /// Whether a step without a finite loss is left out, instead of ending the run.
  public var skipsNaN = false
  public var isCancelled: () -> Bool = { false }
  /// Gives the parameters of a replica.
  var makeStore: (_ seed: UInt64, _ device: Device) -> ParameterStore = {
    ParameterStore(seed: $0, device: $1)
  }
  /// What a checkpoint must have been made with, and the whole configuration, both as JSON.
  var essence = ""
  var configuration = ""

  public init(log: MetricsLog) { self.log = log }

  /// - Parameters:
  ///   - parts: configurations of the model that the run depends on, by the names of their folders.
  ///   - facts: what else it depends on.
  /// - Throws: ``TrainingError`` where the run folder cannot be used.
  public init<Recipe: TrainingRecipe>(
    _ configuration: TrainingConfiguration<Recipe>, group: ProcessGroup?, log: MetricsLog,
    parts: [String: any JSONConfiguration] = [:], facts: [String: [String: String]] = [:],
    isCancelled: @escaping () -> Bool
  ) throws {
    self.init(log: log)
    self.group = group
    self.isCancelled = isCancelled
    seed = configuration.seed
    checkpoints = try CheckpointStore(
      folder: RunDirectory.checkpointsURL(in: URL(filePath: configuration.run)), configuration.checkpoints)
    checkpointEvery = configuration.checkpoints.every
    minutes = configuration.minutes
    skipsNaN = configuration.onNaN == "skip"
    self.configuration = String(decoding: try configuration.json(), as: UTF8.self)
    var essence =
      try JSONSerialization.jsonObject(with: configuration.essence.json()) as? [String: Any] ?? [:]
    for (name, part) in parts { essence[name] = try JSONSerialization.jsonObject(with: part.json()) }
    for (name, fact) in facts { essence[name] = fact }
    self.essence = String(
      decoding: try JSONSerialization.data(withJSONObject: essence, options: [.sortedKeys]), as: UTF8.self)
  }
}
