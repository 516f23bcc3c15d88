public import Foundation
public import Torch
public import UniForm

/// What one worker computed for its share of a batch.
public struct StepResult {
  /// What is minimised.
  public let loss: Tensor
  /// What the adversary minimises; its inputs from the model are detached.
  public let adversaryLoss: Tensor?
  /// Scalars for the log, by name.
  public let metrics: [(name: String, value: Tensor)]

  public init(
    loss: Tensor, adversaryLoss: Tensor? = nil, metrics: [(name: String, value: Tensor)] = []
  ) {
    self.loss = loss
    self.adversaryLoss = adversaryLoss
    self.metrics = metrics
  }
}

/// One training run: the loop, its optimiser, average, checkpoints and log.
///
/// Each worker is a thread with a replica of the parameters: on a CPU, two threads with half a batch each are faster
/// than one step that divides every small product between two cores. Everything random derives from the seed, the
/// step and the worker, so that a run of so many steps continues exactly after an interruption. A run of so many minutes
/// goes on where it was, too, but its learning rate follows the clock.
public final class TrainingLoop {
  public let settings: OptimizationSettings
  /// Tells runs apart: what was configured, and the number of workers.
  let identity: String
  let model: ReplicatedParameters
  /// A discriminator, where the model has one to play against.
  let adversary: ReplicatedParameters?
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

  /// - Parameters:
  ///   - replicas: one store per worker, of the same model.
  ///   - adversary: likewise, of its discriminator.
  ///   - configuration: of the whole run; a checkpoint of another is refused.
  /// - Throws: ``TrainingError`` for a batch that the workers cannot share.
  public init(
    _ replicas: [ParameterStore], adversary: [ParameterStore] = [], configuration: some JSONConfiguration,
    settings: OptimizationSettings, log: MetricsLog
  ) throws {
    guard settings.batchSize % replicas.count == 0, replicas.count <= Self.maximumWorkers else {
      throw TrainingError(
        "a batch of \(settings.batchSize) does not divide among \(replicas.count) workers"
          + " (\(Self.maximumWorkers) at most)")
    }
    self.settings = settings
    identity = "\(replicas.count) workers, \(String(decoding: try configuration.json(), as: UTF8.self))"
    self.log = log
    model = ReplicatedParameters(replicas, settings.adamW)
    self.adversary = adversary.isEmpty ? nil : ReplicatedParameters(adversary, settings.adamW)
    average = ExponentialMovingAverage(replicas[0].trainable, decay: settings.emaDecay)
  }

  public var workers: Int { model.stores.count }

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
      let metrics = try computeGradients(compute)
      let rate = settings.schedule.progressRate(step: step, progress: progress)
      let norm = try update(model, rate: rate)
      if let adversary { _ = try update(adversary, rate: rate) }
      average.update(step: step)
      step += 1
      elapsed = Date.now.timeIntervalSince(start)
      log.record(
        step: step, elapsed: elapsed, progress: progress,
        values: metrics + [("gradient_norm", norm), ("learning_rate", rate)])
      if let checkpointURL, Date.now.timeIntervalSince(lastCheckpoint) > checkpointInterval {
        try writeCheckpoint(to: checkpointURL)
        lastCheckpoint = .now
      }
      if isCancelled() { break }
    }
    if let checkpointURL { try writeCheckpoint(to: checkpointURL) }
    log.finish()
  }

  /// One update from the averaged gradients; returns their norm before clipping.
  private func update(_ parameters: ReplicatedParameters, rate: Double) throws -> Double {
    parameters.averageGradients()
    let norm = parameters.trainable.clipGradients(maximum: settings.gradientClip)
    guard norm.isFinite else {
      throw TrainingError("step \(step): the gradient is not finite; lower the learning rate")
    }
    parameters.optimizer.step(learningRate: rate)
    parameters.clearGradients()
    parameters.synchronize()
    return norm
  }

  /// Runs all workers; returns the mean of their metrics.
  private func computeGradients(
    _ compute: @escaping (Int, Int) throws -> StepResult
  ) throws -> [(String, Double)] {
    let step = step
    let outcomes = try runWorkers(count: workers) { [adversary] worker in
      try catchingTorchErrors {
        let result = try compute(worker, step)
        result.loss.backward()
        // The model's loss went through the adversary too; what that left there is not the adversary's gradient.
        adversary?.clearGradients(worker: worker)
        result.adversaryLoss?.backward()
        return [("loss", result.loss.item)] + result.metrics.map { ($0.name, $0.value.item) }
      }
    }
    // Workers may report different metrics (their tasks differ); those of the same name are averaged.
    var order: [String] = []
    var sums: [String: (total: Double, count: Int)] = [:]
    for (name, value) in outcomes.joined() {
      guard value.isFinite else {
        throw TrainingError("step \(step): \(name) is not finite; lower the learning rate")
      }
      if sums[name] == nil { order.append(name) }
      let sum = sums[name] ?? (0, 0)
      sums[name] = (sum.total + value, sum.count + 1)
    }
    return order.map { ($0, sums[$0]!.total / Double(sums[$0]!.count)) }
  }

  static let maximumWorkers = 62

  /// The random numbers of one worker in one step: a function of seed, worker and step alone.
  public func generator(worker: Int, step: Int) -> Generator { generator(stream: worker + 1, step: step) }

  /// The random numbers that all workers share in one step.
  public func generator(step: Int) -> Generator { generator(stream: 0, step: step) }

  private func generator(stream: Int, step: Int) -> Generator {
    let stream = UInt64(bitPattern: Int64(step)) &* 64 &+ UInt64(stream)
    var state = settings.seed &+ 0x9E37_79B9_7F4A_7C15 &* stream
    state = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
    state = (state ^ (state >> 27)) &* 0x94D0_49BB_1331_11EB
    return Generator(seed: state ^ (state >> 31))
  }

  /// The averaged parameters, named, as they go into a model directory.
  public func averagedParameters() -> [(name: String, tensor: Tensor)] {
    var averages: [String: Tensor] = [:]
    for (entry, average) in zip(model.trainable, average.averages) { averages[entry.name] = average }
    return model.stores[0].entries.map { ($0.name, averages[$0.name] ?? $0.tensor) }
  }
}

/// Something that stops a training run, in one line.
public struct TrainingError: Error, Sendable, CustomStringConvertible {
  public let description: String
  public init(_ description: String) { self.description = description }
}
