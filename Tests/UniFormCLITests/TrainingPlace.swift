import Foundation
import Torch
import UniForm

@testable import UniFormTraining

extension Workplace {
  /// A copy of the tiny model as `model`, encoded clips as `clips`, and a configuration that trains on them as
  /// `train.json`, into the folder `run`.
  func prepareTraining(steps: Int = 12, checkpointEvery: Int = 3, settings: [String: Any] = [:]) throws {
    try FileManager.default.copyItem(at: Self.models.appending(path: "tiny"), to: file("model"))
    let model = try ModelDirectory(file("model"))
    _ = try LatentDataset.synthetic(count: 6, for: model, in: file("clips"))
    let configuration: [String: Any] = [
      "train": "transformer", "model": "model", "run": "run",
      "recipe": ["data": "clips", "train_text_encoder": true],
      "optimization": ["steps": steps, "batch_size": 4, "learning_rate": 3e-3, "warmup_steps": 3],
      "checkpoints": ["every": checkpointEvery], "log": ["every": 1], "timeout": 60,
    ].merging(settings) { $1 }
    try JSONSerialization.data(withJSONObject: configuration).write(to: file("train.json"))
  }

  /// The tensors of a run's last checkpoint, byte for byte.
  func lastCheckpoint(_ run: String = "run") throws -> (step: Int, tensors: [String: [Float]]) {
    let store = try CheckpointStore(folder: file("\(run)/checkpoints"), CheckpointSettings())
    guard let entry = try store.latest(warn: { _ in }) else { return (0, [:]) }
    let file = try SafeTensors(contentsOf: entry.url)
    return (entry.step, try file.entries.keys.reduce(into: [:]) { $0[$1] = try file.tensor($1).floats })
  }

  /// Steps and losses of a run.
  func losses(_ run: String = "run") throws -> [(step: Int, loss: Double)] {
    try Data(contentsOf: file("\(run)/metrics.jsonl")).split(separator: UInt8(ascii: "\n"))
      .compactMap { MetricsLine($0) }.compactMap { line in line.values["loss"].map { (line.step, $0) } }
  }
}
