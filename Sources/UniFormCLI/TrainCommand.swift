import ArgumentParser
import Foundation
import Scenes
import Torch
import UniForm
import UniFormTraining

struct TrainCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train", abstract: "Train a part of a model.", subcommands: [TrainVideoVAE.self])
}

/// What every training command takes.
struct TrainingOptions: ParsableArguments {
  @Option(name: .long, help: ArgumentHelp("The part's training configuration (JSON).", valueName: "file"))
  var config: String
  @Option(name: .long, help: ArgumentHelp("The model directory to write into.", valueName: "dir"))
  var model: String
  @Option(name: .long, help: "Stop after so many minutes; the learning rate decays towards that end.")
  var minutes: Double?
  @Option(name: .long, help: "Threads that train side by side, each on its share of the batch.")
  var workers = 2
}

struct TrainVideoVAE: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "video-vae", abstract: "Train the video autoencoder on rendered scenes.")
  @OptionGroup var options: TrainingOptions

  func run() async throws {
    let directory = URL(filePath: options.model)
    let folder = directory.appending(path: "vae")
    let model = try VideoVAE.Configuration(contentsOf: folder.appending(path: "config.json"))
    let configuration = try VideoVAETrainer.Configuration(contentsOf: URL(filePath: options.config))
    let g = configuration.geometry
    let scenes = SceneGeometry(
      width: g.width, height: g.height, frameRate: Double(g.frameRate), seconds: g.seconds,
      sampleRate: g.sampleRate)
    print("rendering \(configuration.clips) clips")
    let frames = SceneFrames(
      count: configuration.clips, seed: configuration.optimization.seed, geometry: scenes)
    let log = try MetricsLog(title: "video-vae", url: folder.appending(path: "metrics.jsonl")) { print($0) }
    let trainer = try VideoVAETrainer(
      model: model, configuration, frames: frames, workers: options.workers, log: log)
    trainer.loop.minutes = options.minutes
    trainer.loop.checkpointURL = folder.appending(path: "training.safetensors")
    if FileManager.default.fileExists(atPath: trainer.loop.checkpointURL!.path) {
      try trainer.loop.resume(from: trainer.loop.checkpointURL!)
    }
    try trainer.run()
    try SafeTensors.write(
      trainer.loop.averagedParameters(), to: folder.appending(path: "diffusion_pytorch_model.safetensors"))
  }
}
