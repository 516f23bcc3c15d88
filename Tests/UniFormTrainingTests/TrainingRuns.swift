import Foundation
import Torch
import UniForm

@testable import UniFormTraining

extension RunContext {
  /// Of a run that is not saved.
  static func quiet(seed: UInt64 = 42) throws -> RunContext {
    var context = RunContext(log: try MetricsLog(title: "test"))
    context.seed = seed
    return context
  }

  /// Of a run in a folder.
  static func saved(in folder: URL, every: Int = 1_000, keep: Int = 3) throws -> RunContext {
    var context = RunContext(log: try MetricsLog(title: "test", url: RunDirectory.metricsURL(in: folder)))
    var settings = CheckpointSettings()
    (settings.every, settings.keep) = (every, keep)
    context.checkpoints = try CheckpointStore(folder: RunDirectory.checkpointsURL(in: folder), settings)
    context.checkpointEvery = every
    return context
  }
}

/// The lines of `metrics.jsonl` below a folder.
func metrics(in folder: URL) throws -> [[String: Double]] {
  try Data(contentsOf: RunDirectory.metricsURL(in: folder)).split(separator: UInt8(ascii: "\n"))
    .compactMap { MetricsLine($0)?.values }
}
