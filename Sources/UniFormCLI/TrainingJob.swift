import Foundation
import Torch
import UniForm
import UniFormTraining

/// What the training of every network needs: the configuration, the model, the other processes, the run folder.
struct TrainingJob<Recipe: TrainingRecipe> {
  let configuration: TrainingConfiguration<Recipe>
  private let model: ModelDirectory?
  let device: Device
  let group: ProcessGroup?
  /// Of the first process; the others write nothing.
  let run: RunDirectory?
  let log: MetricsLog
  private let cancellation: TrainingThread.Cancellation
  private let isExport: Bool

  /// - Parameter isExport: takes the weights of the last checkpoint as they are.
  init(_ file: TrainingFile, _ cancellation: TrainingThread.Cancellation, isExport: Bool) throws {
    // One thread for what happens between the workers' steps: threads that wait for each other in small operators would
    // keep the workers' cores busy.
    ComputeThreads.count = 1
    configuration = try file.configuration()
    // An export makes no folder of a run.
    guard !isExport || FileManager.default.fileExists(atPath: configuration.run) else {
      throw Self.nothingToExport(in: configuration.run)
    }
    self.cancellation = cancellation
    self.isExport = isExport
    model =
      Recipe.subject == .judges
      ? nil : try ModelDirectory(URL(filePath: configuration.model), isTrained: false)
    let rendezvous = try Rendezvous(environment: ProcessInfo.processInfo.environment)
    device = configuration.device(localRank: rendezvous?.localRank ?? 0)
    guard device.isAvailable else { throw GenerationError.unavailableDevice(configuration.device) }
    let (exchange, timeout) = (configuration.exchange(device), configuration.timeout)
    group = try rendezvous.map {
      try ProcessGroup(
        host: $0.host, port: $0.port, rank: $0.rank, size: $0.size, device: exchange, timeout: timeout)
    }
    let isFirst = (group?.rank ?? 0) == 0
    run = isFirst ? try RunDirectory(URL(filePath: configuration.run)) : nil
    log = try MetricsLog(
      title: Recipe.subject.rawValue, url: run?.metricsURL, every: configuration.log.every,
      tensorboard: configuration.log.tensorboard && !isExport ? run?.url : nil,
      print: isFirst ? { StandardError.print($0) } : { _ in })
  }

  /// The model whose part is trained. Judges have none.
  var directory: ModelDirectory {
    guard let model else { preconditionFailure("\(Recipe.subject.rawValue) are no part of a model") }
    return model
  }

  /// - Parameters:
  ///   - parts: configurations of the model that the run depends on, by the names of their folders.
  ///   - facts: what else it depends on.
  func context(
    _ parts: [String: any JSONConfiguration] = [:], facts: [String: [String: String]] = [:]
  ) throws -> RunContext {
    let cancellation = cancellation
    return try RunContext(configuration, group: group, log: log, parts: parts, facts: facts) {
      cancellation.isCancelled
    }
  }

  /// A line for the person at the first process.
  func note(_ line: String) { if run != nil { StandardError.print(line) } }

  /// Trains to the end: from the last checkpoint, or from the weights of another model, or from random numbers. An
  /// export takes the last checkpoint, or throws where there is none.
  ///
  /// - Returns: whether the weights are ready; otherwise the time was over.
  /// - Throws: `CancellationError` after an interrupted run was saved.
  func train(
    _ loop: TrainingLoop, begin: (ModelDirectory) throws -> Void, _ body: () throws -> Bool
  ) throws -> Bool {
    let isResumed = try loop.resume(warn: { StandardError.print("uniform: warning: \($0)") })
    if isExport {
      guard isResumed else { throw Self.nothingToExport(in: configuration.run) }
      note("the weights after step \(loop.step) of \(configuration.optimization.steps)")
      return true
    }
    if isResumed {
      note("continuing at step \(loop.step) of \(configuration.optimization.steps)")
    } else if !configuration.initialModel.isEmpty {
      try begin(ModelDirectory(URL(filePath: configuration.initialModel)))
      note("beginning with the weights of \(configuration.initialModel)")
    }
    try run?.write(configuration)
    let isDone = try body()
    if cancellation.isCancelled && !isDone { throw CancellationError() }
    if !isDone { note("stopped at step \(loop.step); the same command goes on from there") }
    return isDone
  }

  private static func nothingToExport(in run: String) -> CommandFailure {
    .usage("--export: \(run) has no checkpoint")
  }

  /// Writes averaged parameters in 16 bits, as they ship.
  func write(
    _ tensors: [(name: String, tensor: Tensor)], as dtype: DType, to part: ModelDirectory.Part
  ) throws {
    try write(tensors, as: dtype, to: directory.url.appending(path: "\(part.rawValue)/\(part.weightsName)"))
  }

  func write(
    _ tensors: [(name: String, tensor: Tensor)], as dtype: DType,
    metadata: [String: String] = ["format": "pt"],
    to url: URL
  ) throws {
    guard run != nil else { return }
    try SafeTensors.write(
      tensors.map { ($0.name, $0.tensor.detached.to(dtype)) }, metadata: metadata, to: url)
    StandardError.print("wrote \(url.path)")
  }

  /// Replaces the configuration of a part by one with what was measured.
  ///
  /// - Throws: where the network says the same of everything, so that nothing can be measured.
  func write(_ configuration: some JSONConfiguration, to part: ModelDirectory.Part) throws {
    guard run != nil else { return }
    do {
      try configuration.validate()
    } catch {
      throw TrainingError(
        "the \(part.rawValue) of the last checkpoint says nothing (\(error)); the model stays as it was",
        .software)
    }
    try configuration.json().write(
      to: directory.url.appending(path: "\(part.rawValue)/config.json"), options: .atomic)
  }
}
