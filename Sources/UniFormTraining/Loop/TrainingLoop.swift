public import Foundation
public import Torch
internal import UniForm

/// One training run: the loop, its optimiser, average, checkpoints and log.
///
/// Each worker is a thread with a replica of the parameters, and there may be several processes with such threads. What a
/// step does is a function of the seed, the step and the batch, not of how many workers share it: another number rounds
/// the sums differently, and that is all.
public final class TrainingLoop {
  public let settings: OptimizationSettings
  let context: RunContext
  let model: ReplicatedParameters
  /// A discriminator, where the model has one to play against.
  let adversary: ReplicatedParameters?
  /// Updates so far, skipped ones included.
  public internal(set) var step = 0
  /// Seconds of training so far.
  public internal(set) var elapsed: TimeInterval = 0
  /// Steps that were left out because their loss or gradient was no number.
  public internal(set) var skipped = 0
  /// The last step that was left out, and how many there were one after another.
  private var (lastLeftOut, inRow) = (-1, 0)
  /// So many steps left out in a row, and no further step will be any better.
  private static let patience = 20
  private let division: BatchDivision
  private var lastSaved: Int?
  /// When the time that this process was given is over; nil where it has all the time it needs.
  private var deadline: Date?

  /// What the clips at these positions of the current batch are called, for messages.
  public var clipNames: (_ positions: [Int]) -> [String] = { $0.map { "number \($0)" } }
  /// Called after every step, by every process.
  public var afterStep: (_ loop: TrainingLoop) throws -> Void = { _ in }

  /// - Parameters:
  ///   - replicas: one store per worker of this process, of the same model.
  ///   - adversary: likewise, of its discriminator.
  /// - Throws: ``TrainingError`` for a batch that the workers cannot share.
  public init(
    _ replicas: [ParameterStore], adversary: [ParameterStore] = [], settings: OptimizationSettings,
    context: RunContext
  ) throws {
    self.settings = settings
    self.context = context
    division = try BatchDivision(
      batchSize: settings.batchSize, group: context.group, workers: replicas.count,
      accumulation: settings.accumulation)
    model = ReplicatedParameters(replicas, settings, group: context.group)
    self.adversary = adversary.isEmpty ? nil : ReplicatedParameters(adversary, settings, group: context.group)
  }

  public var workers: Int { model.stores.count }
  var group: ProcessGroup? { context.group }

  /// Share of the run that is done, in 0…1.
  public var progress: Double { min(Double(step) / Double(settings.steps), 1) }

  /// Runs to the end, or until it is cancelled or its time is over; saves then.
  ///
  /// - Parameters:
  ///   - kind: names the loss of a step: losses of one kind reach the same parameters.
  ///   - compute: the loss of a part of the batch; it runs on the worker's own thread.
  /// - Returns: whether all steps are done.
  @discardableResult public func run(
    kind: @escaping (StepRandomness) -> String = { _ in "" },
    _ compute: @escaping (BatchPart) throws -> StepResult
  ) throws -> Bool {
    try requireEqualBeginnings()
    let start = Date.now.addingTimeInterval(-elapsed)
    deadline = context.minutes > 0 ? Date.now.addingTimeInterval(60 * context.minutes) : nil
    context.log.begin(step: step, elapsed: elapsed)
    while step < settings.steps {
      let rate = settings.schedule.rate(step: step, of: settings.steps)
      let outcome = try computeGradients(kind, compute)  // forward and backward, summed over all workers
      let norm = model.clip(settings.gradientClip)
      let adversaryNorm = adversary?.clip(settings.gradientClip) ?? 0
      if outcome.notFinite.isEmpty && norm.isFinite && adversaryNorm.isFinite {
        try model.update(learningRate: rate, step: step)
        try adversary?.update(learningRate: rate, step: step)
        context.log.add(outcome.metrics + [("gradient_norm", norm), ("learning_rate", rate)])
      } else {
        try leaveOut(outcome)  // ends the run, unless it was asked to skip
      }
      model.clearGradients()
      adversary?.clearGradients()
      step += 1
      elapsed = Date.now.timeIntervalSince(start)
      context.log.record(step: step, of: settings.steps, elapsed: elapsed, skipped: skipped)
      try afterStep(self)
      if outcome.shallStop { break }
      if step % context.checkpointEvery == 0 { try save() }
    }
    try save()
    context.log.finish(step: step, of: settings.steps, elapsed: elapsed, skipped: skipped)
    return step >= settings.steps
  }

  private func save() throws {
    guard lastSaved != step else { return }
    try saveCheckpoint()
    lastSaved = step
  }

  /// A step whose loss or gradient is no number.
  private func leaveOut(_ outcome: StepOutcome) throws {
    let positions = outcome.notFinite.isEmpty ? Array(0..<settings.batchSize) : outcome.notFinite
    let names = clipNames(positions).prefix(8).joined(separator: ", ")
    let more = positions.count > 8 ? " and \(positions.count - 8) more" : ""
    let what = outcome.notFinite.isEmpty ? "the gradient" : "the loss"
    let task = outcome.kind.isEmpty ? "" : ", task \(outcome.kind)"
    let message = "step \(step)\(task): \(what) is not finite for the clips \(names)\(more)"
    if context.skipsNaN {
      skipped += 1
      inRow = lastLeftOut == step - 1 ? inRow + 1 : 1
      lastLeftOut = step
      if inRow < Self.patience { return context.log.warn("\(message); the step is skipped") }
    }
    try save()
    if context.skipsNaN {
      throw TrainingError(
        "\(message), as for \(inRow) steps in a row; the state before it is saved. --export it and begin_from it in a "
          + "new run with a lower optimization.learning_rate", .software)
    }
    throw TrainingError(
      "\(message); the state before it is saved. Go on with on_nan set to skip, or --export it and begin_from it "
        + "in a new run with a lower optimization.learning_rate", .software)
  }
}

// MARK: One step

/// What all workers agree on after a backward pass.
private struct StepOutcome {
  let kind: String
  let metrics: [(String, Double)]
  /// Positions in the batch whose loss is no number.
  let notFinite: [Int]
  /// Somebody was interrupted, or the time is over.
  let shallStop: Bool
}

/// What one worker found for a part of the batch.
private struct PartOutcome {
  /// The loss first.
  let metrics: [(String, Double)]
  let notFinite: [Int]
}

extension TrainingLoop {
  /// Leaves the gradient of the whole batch in the master's parameters.
  private func computeGradients(
    _ kind: (StepRandomness) -> String, _ compute: @escaping (BatchPart) throws -> StepResult
  ) throws -> StepOutcome {
    let randomness = StepRandomness(seed: context.seed, step: step)
    let kind = kind(randomness)
    model.reducer.begin(kind: kind)
    adversary?.reducer.begin(kind: kind)
    let outcomes = try runWorkers(count: workers) { [self] worker in
      try catchingTorchErrors {
        try (0..<division.accumulation).map { index in
          let part = BatchPart(
            worker: worker, step: step, positions: division.positions(worker: worker, part: index),
            randomness: randomness)
          let result = try compute(part)
          if index == division.accumulation - 1 { model.reducer.listen(to: worker) }
          backward(result, worker: worker)
          return outcome(result, part)
        }
      }
    }
    try model.reducer.finish()
    try adversary?.reducer.finish()
    return try agree(Array(outcomes.joined()), kind)
  }

  private func backward(_ result: StepResult, worker: Int) {
    let weight = 1 / Double(division.parts)
    guard let adversary else { return (result.loss * weight).backward() }
    // The model's loss leads through the adversary too; what it leaves there is not the adversary's gradient.
    let gradients = adversary.stores[worker].trainable.map(\.tensor.gradient)
    adversary.clearGradients(worker: worker)
    (result.loss * weight).backward()
    for (entry, gradient) in zip(adversary.stores[worker].trainable, gradients) {
      entry.tensor.setGradient(gradient)
    }
    result.adversaryLoss.map { ($0 * weight).backward() }
  }

  private func outcome(_ result: StepResult, _ part: BatchPart) -> PartOutcome {
    let loss = result.loss.item
    var blamed: [Int] = []
    if !loss.isFinite {
      let losses = result.clipLosses?.values(as: Double.self) ?? []
      blamed = zip(part.positions, losses).filter { !$0.1.isFinite }.map(\.0)
      if blamed.isEmpty { blamed = Array(part.positions) }
    }
    return PartOutcome(
      metrics: [("loss", loss)] + result.metrics.map { ($0.name, $0.value.item) }, notFinite: blamed)
  }

  /// Means over all parts of all processes, and what any of them met with.
  private func agree(_ parts: [PartOutcome], _ kind: String) throws -> StepOutcome {
    let isLate = deadline.map { Date.now > $0 } ?? false
    let names = parts[0].metrics.map(\.0)
    var sums = names.indices.map { index in parts.reduce(0) { $0 + $1.metrics[index].1 } }
    var blamed = [Double](repeating: 0, count: settings.batchSize)
    for position in parts.flatMap(\.notFinite) { blamed[position] = 1 }
    var stops = context.isCancelled() || isLate ? 1.0 : 0
    if let group {
      let shared = Tensor(sums + blamed + [stops])
      try group.allReduce(shared)
      let values = shared.values(as: Double.self)
      sums = Array(values.prefix(sums.count))
      blamed = Array(values.dropFirst(sums.count).prefix(blamed.count))
      stops = values.last!
    }
    return StepOutcome(
      kind: kind, metrics: zip(names, sums).map { ($0, $1 / Double(division.parts)) },
      notFinite: blamed.indices.filter { blamed[$0] != 0 }, shallStop: stops > 0)
  }

  /// Processes that read different checkpoints would train different models.
  private func requireEqualBeginnings() throws {
    guard let group else { return }
    let steps = Tensor.zeros([group.size], dtype: .float64)
    steps.selected(0, group.rank).fill_(Double(step))
    try group.allReduce(steps)
    let values = steps.values(as: Double.self).map(Int.init)
    guard Set(values).count == 1 else {
      throw TrainingError(
        "the workers begin at different steps, \(values.map(String.init).joined(separator: ", ")): "
          + "the run folder must be the same for all", .badData)
    }
  }
}
