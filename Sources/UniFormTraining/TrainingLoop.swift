public import Foundation
public import Torch

/// What one worker computed for its share of a batch.
public struct StepResult {
  /// What is minimised.
  public let loss: Tensor
  /// Scalars for the log, by name.
  public let metrics: [(name: String, value: Tensor)]

  public init(loss: Tensor, metrics: [(name: String, value: Tensor)] = []) {
    self.loss = loss
    self.metrics = metrics
  }
}

/// One training run: the loop, its optimiser, average, checkpoints and log.
///
/// Each worker is a thread with a replica of the parameters: on a CPU, two threads with half a batch each are faster
/// than one step that divides every small product between two cores. Everything random derives from the seed, the
/// step and the worker, so that a resumed run continues exactly.
public final class TrainingLoop {
  public let settings: OptimizationSettings
  /// Parameter lists of the replicas, in the same order; the first is the master.
  let replicas: [ParameterStore]
  let optimizer: AdamW
  public let average: ExponentialMovingAverage
  public internal(set) var step = 0
  public internal(set) var elapsed: TimeInterval = 0
  let log: MetricsLog

  /// A run stops after `settings.steps` updates, or after `minutes` where that is given; the learning rate
  /// decays towards whichever comes first.
  public var minutes: Double?
  /// Where and how often the run is saved.
  public var checkpointURL: URL?
  public var checkpointInterval: TimeInterval = 300

  public init(_ replicas: [ParameterStore], settings: OptimizationSettings, log: MetricsLog) {
    precondition(!replicas.isEmpty)
    self.settings = settings
    self.replicas = replicas
    self.log = log
    for store in replicas { store.enableTraining() }
    optimizer = AdamW(replicas[0].trainable, settings.adamW)
    average = ExponentialMovingAverage(replicas[0].trainable, decay: settings.emaDecay)
    synchronizeReplicas()
  }

  public var workers: Int { replicas.count }

  /// Share of the run that is done, in 0…1.
  public var progress: Double {
    let bySteps = Double(step) / Double(settings.steps)
    guard let minutes else { return min(bySteps, 1) }
    return min(max(bySteps, elapsed / (60 * minutes)), 1)
  }

  /// Runs to the end. `compute(worker, step)` returns a worker's loss for its share of the batch; it runs on
  /// the worker's own thread. `isCancelled` is asked after every step.
  public func run(
    isCancelled: () -> Bool = { false },
    compute: @escaping (_ worker: Int, _ step: Int) throws -> StepResult
  ) throws {
    let start = Date.now.addingTimeInterval(-elapsed)
    var lastCheckpoint = Date.now
    while progress < 1 {
      let results = try computeGradients(compute)
      let norm = replicas[0].trainable.clipGradients(maximum: settings.gradientClip)
      let rate = settings.schedule.progressRate(step: step, progress: progress)
      guard norm.isFinite else {
        throw TrainingError("step \(step): the gradient is not finite; lower the learning rate")
      }
      optimizer.step(learningRate: rate)
      optimizer.clearGradients()
      average.update(step: step)
      synchronizeReplicas()
      step += 1
      elapsed = Date.now.timeIntervalSince(start)
      log.record(
        step: step, elapsed: elapsed, progress: progress,
        values: results + [("gradient_norm", norm), ("learning_rate", rate)])
      if let checkpointURL, Date.now.timeIntervalSince(lastCheckpoint) > checkpointInterval {
        try writeCheckpoint(to: checkpointURL)
        lastCheckpoint = .now
      }
      if isCancelled() { break }
    }
    if let checkpointURL { try writeCheckpoint(to: checkpointURL) }
    log.finish()
  }

  /// Averages the workers' gradients into the master's; returns the mean of their metrics.
  private func computeGradients(
    _ compute: @escaping (Int, Int) throws -> StepResult
  ) throws -> [(String, Double)] {
    let step = step
    let outcomes = try runWorkers(count: workers) { worker in
      try catchingTorchErrors {
        let result = try compute(worker, step)
        result.loss.backward()
        return [("loss", result.loss.item)] + result.metrics.map { ($0.name, $0.value.item) }
      }
    }
    for name in outcomes[0].indices {
      let value = outcomes[0][name].1
      guard value.isFinite else {
        throw TrainingError("step \(step): \(outcomes[0][name].0) is not finite; lower the learning rate")
      }
    }
    if workers > 1 {
      withoutGradient {
        for (index, entry) in replicas[0].trainable.enumerated() {
          for replica in replicas.dropFirst() {
            guard let other = replica.trainable[index].tensor.gradient else { continue }
            if let mine = entry.tensor.gradient { mine.add_(other) } else { entry.tensor.setGradient(other) }
            replica.trainable[index].tensor.setGradient(nil)
          }
          _ = entry.tensor.gradient?.mul_(1 / Double(workers))
        }
      }
    }
    // Workers may report different metrics (their tasks differ); those of the same name are averaged.
    var order: [String] = []
    var sums: [String: (Double, Int)] = [:]
    for (name, value) in outcomes.joined() {
      if sums[name] == nil { order.append(name) }
      sums[name] = ((sums[name]?.0 ?? 0) + value, (sums[name]?.1 ?? 0) + 1)
    }
    return order.map { ($0, sums[$0]!.0 / Double(sums[$0]!.1)) }
  }

  func synchronizeReplicas() {
    withoutGradient {
      for replica in replicas.dropFirst() {
        for (target, source) in zip(replica.entries, replicas[0].entries) {
          target.tensor.copy_(source.tensor)
        }
      }
    }
  }
}

/// Something that stops a training run, in one line.
public struct TrainingError: Error, Sendable, CustomStringConvertible {
  public let description: String
  public init(_ description: String) { self.description = description }
}

extension TrainingLoop {
  /// The random numbers of one worker in one step: a function of seed, worker and step alone.
  public func generator(worker: Int, step: Int) -> Generator {
    var state = settings.seed &+ 0x9E37_79B9_7F4A_7C15 &* (UInt64(step) &* 64 &+ UInt64(worker) &+ 1)
    state = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
    state = (state ^ (state >> 27)) &* 0x94D0_49BB_1331_11EB
    return Generator(seed: state ^ (state >> 31))
  }

  /// The averaged parameters, named, as they go into a model directory.
  public func averagedParameters() -> [(name: String, tensor: Tensor)] {
    var averages: [String: Tensor] = [:]
    for (entry, average) in zip(replicas[0].trainable, average.averages) { averages[entry.name] = average }
    return replicas[0].entries.map { ($0.name, averages[$0.name] ?? $0.tensor) }
  }
}
