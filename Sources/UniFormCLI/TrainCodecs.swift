import ArgumentParser
import Foundation
import Scenes
import Torch
import UniForm
import UniFormTraining

struct TrainTokenizer: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tokenizer", abstract: "Train the SentencePiece model on captions of scenes.")
  @Option(help: ArgumentHelp("Model directory to train in.", valueName: "dir")) var model: String
  @Option(help: "Captions to train on.") var captions = 20_000
  @Option(help: "Pieces of the vocabulary.") var size = 352
  @Option(help: "Seed of the captions.") var seed: UInt64 = 42

  func validate() throws {
    guard captions > 0, size > 3 else {
      throw ValidationError("--captions must be positive and --size more than 3.")
    }
  }

  func run() async throws {
    let renderer = SceneRenderer(geometry: SceneGeometry())
    let sentences = (0..<captions).map {
      renderer.caption(seed: SceneRenderer.clipSeed(datasetSeed: seed, index: $0))
    }
    let bytes = try T5Tokenizer.train(sentences: sentences, vocabularySize: size)
    let url = URL(filePath: model).appending(path: "tokenizer/spiece.model")
    try FileManager.default.createDirectory(
      at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(bytes).write(to: url, options: .atomic)
    StandardError.print("wrote \(url.path)")
  }
}

struct TrainVideoVAE: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "video-vae", abstract: "Train the video autoencoder.")
  @OptionGroup var options: TrainingOptions

  func run() async throws {
    options.place.prepare()
    let directory = try options.place.directory()
    let configuration: VideoVAETrainer.Configuration = try options.configuration()
    StandardError.print("rendering \(configuration.clips) clips")
    let frames = SceneFrames(
      count: configuration.clips, seed: configuration.optimization.seed, geometry: directory.geometry.scenes)
    let trainer = try VideoVAETrainer(
      model: directory, configuration, frames: frames, workers: options.workers, log: options.log("video-vae")
    )
    try options.run(trainer.loop, name: "video-vae", begin: trainer.begin) {
      try trainer.run(isCancelled: $0)
    }
    // The latents get zero mean and unit variance per channel; the constants ship with the weights.
    var model = directory.videoVAE
    let moments = trainer.latentMoments(chunks: 64)
    model.shift = moments.map(\.mean)
    model.scale = moments.map(\.deviation)
    try model.json().write(to: options.place.file("vae/config.json"), options: .atomic)
    let tensors = trainer.loop.averagedParameters().map { name, tensor in
      switch name {
      case "scale": (name, Tensor(model.scale.map(Float.init), shape: tensor.shape))
      case "shift": (name, Tensor(model.shift.map(Float.init), shape: tensor.shape))
      default: (name, tensor)
      }
    }
    try options.place.write(tensors, as: .float16, to: .videoVAE)
  }
}

struct TrainAudioVAE: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "audio-vae", abstract: "Train the autoencoder of log-mel spectrograms.")
  @OptionGroup var options: TrainingOptions

  func run() async throws {
    options.place.prepare()
    let directory = try options.place.directory()
    let configuration: AudioVAETrainer.Configuration = try options.configuration()
    let trainer = try AudioVAETrainer(
      model: directory, configuration,
      sounds: options.sounds(configuration.clips, configuration.optimization, directory),
      workers: options.workers, log: options.log("audio-vae"))
    try options.run(trainer.loop, name: "audio-vae", begin: trainer.begin) {
      try trainer.run(isCancelled: $0)
    }
    var model = directory.audioVAE
    model.scalingFactor = 1 / trainer.latentDeviation(clips: 64)
    try model.json().write(to: options.place.file("audio_vae/config.json"), options: .atomic)
    try options.place.write(trainer.loop.averagedParameters(), as: .float16, to: .audioVAE)
  }
}

struct TrainVocoder: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "vocoder", abstract: "Train the vocoder from log-mel to sound.")
  @OptionGroup var options: TrainingOptions

  func run() async throws {
    options.place.prepare()
    let directory = try options.place.directory()
    let configuration: VocoderTrainer.Configuration = try options.configuration()
    let trainer = try VocoderTrainer(
      model: directory, configuration,
      sounds: options.sounds(configuration.clips, configuration.optimization, directory),
      workers: options.workers, log: options.log("vocoder"))
    try options.run(trainer.loop, name: "vocoder", begin: trainer.begin) { try trainer.run(isCancelled: $0) }
    try options.place.write(trainer.loop.averagedParameters(), as: .float16, to: .vocoder)
  }
}

extension TrainingOptions {
  fileprivate func sounds(
    _ count: Int, _ optimization: OptimizationSettings, _ directory: ModelDirectory
  ) -> SceneSounds {
    StandardError.print("rendering \(count) sounds")
    return SceneSounds(count: count, seed: optimization.seed, geometry: directory.geometry.scenes)
  }
}
