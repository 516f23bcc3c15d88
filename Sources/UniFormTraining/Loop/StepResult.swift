public import Torch

/// A part of a batch that one worker computes at once.
public struct BatchPart: Sendable {
  /// The thread, which has a replica of its own.
  public let worker: Int
  /// From 0.
  public let step: Int
  /// In the batch of all workers.
  public let positions: Range<Int>
  let randomness: StepRandomness

  public var count: Int { positions.count }
  var shared: Generator { randomness.shared }
  var generators: [Generator] { positions.map(randomness.clip) }
}

/// What was computed for a part of a batch.
public struct StepResult {
  /// What is minimised: a mean over the part.
  public let loss: Tensor
  /// Of each clip, `[B]`, where it is known: to tell which of them is to blame for a loss that is no number.
  public let clipLosses: Tensor?
  /// What the adversary minimises; its inputs from the model are detached.
  public let adversaryLoss: Tensor?
  /// Tells apart losses that reach different parameters, such as those of the tasks.
  public let kind: String
  /// Scalars for the log, by name.
  public let metrics: [(name: String, value: Tensor)]

  public init(
    loss: Tensor, clipLosses: Tensor? = nil, adversaryLoss: Tensor? = nil, kind: String = "",
    metrics: [(name: String, value: Tensor)] = []
  ) {
    self.loss = loss
    self.clipLosses = clipLosses
    self.adversaryLoss = adversaryLoss
    self.kind = kind
    self.metrics = metrics
  }
}

/// How a batch is divided: into equal parts, first among processes, then among threads, then in time.
struct BatchDivision {
  let batchSize: Int
  let rank: Int
  let workers: Int
  let accumulation: Int
  /// Parts of all workers of all processes.
  let parts: Int

  /// - Throws: ``TrainingError`` where it does not divide.
  init(batchSize: Int, group: ProcessGroup?, workers: Int, accumulation: Int) throws {
    let processes = group?.size ?? 1
    parts = processes * workers * accumulation
    guard batchSize % parts == 0 else {
      throw TrainingError(
        "a batch of \(batchSize) does not divide into \(parts) equal parts: \(processes) processes with \(workers) "
          + "workers each, \(accumulation) at a time; change optimization.batch_size, workers or "
          + "optimization.accumulation")
    }
    self.batchSize = batchSize
    self.workers = workers
    self.accumulation = accumulation
    rank = group?.rank ?? 0
  }

  func positions(worker: Int, part: Int) -> Range<Int> {
    let share = batchSize / parts
    let start = ((rank * workers + worker) * accumulation + part) * share
    return start..<start + share
  }
}
