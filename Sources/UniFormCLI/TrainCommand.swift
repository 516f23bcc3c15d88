import ArgumentParser
import Foundation
import Torch
import UniForm
import UniFormTraining

struct TrainCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train",
    abstract: "Train the parts of a model on rendered scenes.",
    discussion: """
      A model directory starts with the configuration of each part (see Configs/). Train its parts in this \
      order: tokenizer, video-vae, audio-vae, vocoder, and then, on clips encoded by 'uniform prepare', transformer. Each part reads its \
      configuration from the directory and leaves its weights there. A run that was interrupted continues \
      from its checkpoint in the directory of runs. The judges are classifiers to evaluate with, in a directory \
      of their own.
      """,
    subcommands: [
      TrainTokenizer.self, TrainVideoVAE.self, TrainAudioVAE.self, TrainVocoder.self,
      TrainTransformer.self, TrainJudges.self,
    ])
}

/// Where a model is trained.
struct TrainingPlace: ParsableArguments {
  @Option(help: ArgumentHelp("Model directory to train in.", valueName: "dir"))
  var model: String
  @Option(help: ArgumentHelp("Where checkpoints, logs and encoded clips go.", valueName: "dir"))
  var runs: String = "runs"

  /// One thread for what happens between the workers' steps: threads that wait for each other in small operators
  /// would keep the workers' cores busy. An interrupted run is saved before it ends.
  func prepare() {
    ComputeThreads.count = 1
    Interruption.allow(seconds: 60)
  }

  /// The model directory, whose weights may still be missing.
  func directory() throws -> ModelDirectory { try ModelDirectory(URL(filePath: model), isTrained: false) }

  /// A file of the model.
  func file(_ path: String) -> URL { URL(filePath: model).appending(path: path) }

  /// A file of the runs, whose folder is made where it is missing.
  func run(_ name: String) throws -> URL {
    let folder = URL(filePath: runs)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    return folder.appending(path: name)
  }

  /// Writes averaged parameters in 16 bits, as they ship.
  func write(
    _ tensors: [(name: String, tensor: Tensor)], as dtype: DType, to part: ModelDirectory.Part
  ) throws {
    try write(
      tensors, as: dtype, metadata: ["format": "pt"], to: file("\(part.rawValue)/\(part.weightsName)"))
  }

  func write(
    _ tensors: [(name: String, tensor: Tensor)], as dtype: DType, metadata: [String: String], to url: URL
  ) throws {
    try SafeTensors.write(
      tensors.map { ($0.name, $0.tensor.detached.to(dtype)) }, metadata: metadata, to: url)
    StandardError.print("wrote \(url.path)")
  }

  /// Runs a loop with its checkpoint, from the last one where there is one; Ctrl-C saves and stops.
  ///
  /// - Parameter begin: what a run without a checkpoint begins with.
  func run(
    _ loop: TrainingLoop, name: String, minutes: Double?, begin: () throws -> Void = {},
    _ body: (() -> Bool) throws -> Void
  ) throws {
    loop.minutes = minutes
    let checkpoint = try run("\(name).safetensors")
    loop.checkpointURL = checkpoint
    if FileManager.default.fileExists(atPath: checkpoint.path) {
      try loop.resume(from: checkpoint)
      StandardError.print("continuing \(name) from \(checkpoint.path)")
    } else {
      try begin()
    }
    try body { Task.isCancelled }
    try Task.checkCancellation()
  }
}

/// What every command takes that trains a network.
struct TrainingOptions: ParsableArguments {
  @OptionGroup var place: TrainingPlace
  @Option(help: ArgumentHelp("Training configuration of the part (JSON).", valueName: "file"))
  var config: String
  @Option(
    help: ArgumentHelp(
      "Begin with the weights of this trained model instead of random numbers.", valueName: "dir"))
  var from: String?
  @Option(help: "Stop after so many minutes; the learning rate decays towards that end.")
  var minutes: Double?
  @Option(help: "Threads that train side by side, each on its share of the batch.")
  var workers = 2

  func validate() throws {
    guard workers > 0 else { throw ValidationError("--workers must be at least 1.") }
    if let minutes, minutes <= 0 { throw ValidationError("--minutes must be positive.") }
  }

  func configuration<Configuration: JSONConfiguration>() throws -> Configuration {
    try Configuration(contentsOf: URL(filePath: config))
  }

  func log(_ name: String) throws -> MetricsLog {
    try MetricsLog(title: name, url: place.run("\(name).jsonl"), print: StandardError.print)
  }

  /// Runs a loop, from its checkpoint or the weights of another model.
  func run(
    _ loop: TrainingLoop, name: String, begin: (ModelDirectory) throws -> Void,
    _ body: (() -> Bool) throws -> Void
  ) throws {
    let start = {
      guard let from else { return }
      try begin(ModelDirectory(URL(filePath: from)))
      StandardError.print("beginning with the weights of \(from)")
    }
    try place.run(loop, name: name, minutes: minutes, begin: start, body)
  }
}
