import ArgumentParser
import Foundation
import Scenes
import Torch
import UniForm
import UniFormTraining

struct TrainCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train",
    abstract: "Train the parts of a model on rendered scenes.",
    discussion: """
      A model directory starts with the configuration of each part (see Configs/). Train its parts in this \
      order: tokenizer, video-vae, audio-vae, vocoder, latents, transformer. Each part reads its \
      configuration from the directory and leaves its weights there. A run that was interrupted continues \
      from its checkpoint in the directory of runs.
      """,
    subcommands: [
      TrainTokenizer.self, TrainVideoVAE.self, TrainAudioVAE.self, TrainVocoder.self, TrainLatents.self,
      TrainTransformer.self,
    ])
}

/// What every training command takes.
struct TrainingOptions: ParsableArguments {
  @Option(help: ArgumentHelp("Training configuration of the part (JSON).", valueName: "file"))
  var config: String
  @Option(help: ArgumentHelp("Model directory to train in.", valueName: "dir"))
  var model: String
  @Option(help: ArgumentHelp("Where checkpoints and logs of the run go.", valueName: "dir"))
  var runs: String = "runs"
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

  /// The folder and the configuration of one part of the model.
  func part<Configuration: JSONConfiguration>(_ name: String) throws -> Configuration {
    try Configuration(contentsOf: file("\(name)/config.json"))
  }

  func file(_ path: String) -> URL { URL(filePath: model).appending(path: path) }

  func log(_ name: String) throws -> MetricsLog {
    let folder = URL(filePath: runs)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    return try MetricsLog(
      title: name, url: folder.appending(path: "\(name).jsonl"), print: StandardError.print)
  }

  /// One thread for what happens between the workers' steps: threads that wait for each other in small operators
  /// would keep the workers' cores busy. An interrupted run is saved before it ends.
  func prepare() {
    ComputeThreads.count = 1
    Interruption.allow(seconds: 60)
  }

  /// Runs a loop with its checkpoint, from the last one where there is one; Ctrl-C saves and stops.
  func run(_ loop: TrainingLoop, name: String, _ body: (() -> Bool) throws -> Void) throws {
    loop.minutes = minutes
    let checkpoint = URL(filePath: runs).appending(path: "\(name).safetensors")
    loop.checkpointURL = checkpoint
    if FileManager.default.fileExists(atPath: checkpoint.path) {
      try loop.resume(from: checkpoint)
      StandardError.print("continuing \(name) from \(checkpoint.path)")
    }
    try body { Task.isCancelled }
    try Task.checkCancellation()
  }

  /// Writes averaged parameters in 16 bits, as they ship.
  func write(_ tensors: [(name: String, tensor: Tensor)], as dtype: DType, to path: String) throws {
    try SafeTensors.write(
      tensors.map { ($0.name, $0.tensor.detached.to(dtype)) }, metadata: ["format": "pt"], to: file(path))
    StandardError.print("wrote \(file(path).path)")
  }
}

extension ClipGeometry {
  /// The scenes that fill such a clip.
  var scenes: SceneGeometry {
    SceneGeometry(
      width: width, height: height, frameRate: Double(frameRate), seconds: seconds, sampleRate: sampleRate)
  }
}
