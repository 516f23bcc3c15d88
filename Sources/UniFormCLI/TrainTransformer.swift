import ArgumentParser
import Foundation
import Scenes
import Torch
import UniForm
import UniFormTraining

struct TrainLatents: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "latents", abstract: "Render scenes and encode them, once, for the transformer.")
  @OptionGroup var options: TrainingOptions
  @Option(help: "Clips to encode.") var count = 10_000
  @Option(help: "Seed of the scenes.") var seed: UInt64 = 42

  func validate() throws {
    guard count > 0 else { throw ValidationError("--count must be at least 1.") }
  }

  func run() async throws {
    options.prepare()
    let configuration: TransformerTrainer.Configuration = try options.configuration()
    let video = ParameterStore(
      loading: try Weights(contentsOf: options.file("vae/diffusion_pytorch_model.safetensors")))
    let audio = ParameterStore(
      loading: try Weights(contentsOf: options.file("audio_vae/diffusion_pytorch_model.safetensors")))
    let transformer: UniFormDiT.Configuration = try options.part("transformer")
    let encoders = LatentCache.Encoders(
      video: try VideoVAE.Encoder(video.root, options.part("vae")),
      audio: try AudioVAE.Encoder(audio.root, options.part("audio_vae")),
      mel: try MelSpectrogram(options.part("mel")),
      tokenizer: try T5Tokenizer(contentsOf: options.file("tokenizer/spiece.model")),
      maximumTextLength: transformer.maximumTextLength)
    try FileManager.default.createDirectory(
      at: URL(filePath: options.runs), withIntermediateDirectories: true)
    let start = Date.now
    var lastLine = Date.distantPast
    try LatentCache.write(
      count: count, seed: seed, scenes: configuration.geometry.scenes, geometry: configuration.geometry,
      encoders: encoders, to: URL(filePath: options.runs).appending(path: "latents.safetensors")
    ) { done in
      if Date.now.timeIntervalSince(lastLine) > 10 || done == count {
        lastLine = .now
        let rate = Double(done) / max(Date.now.timeIntervalSince(start), 1e-3)
        StandardError.print("latents  \(done) of \(count) clips  \(Int(rate)) clips/s")
      }
      return !Task.isCancelled
    }
  }
}

struct TrainTransformer: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "transformer", abstract: "Train the diffusion transformer, and the text encoder with it.")
  @OptionGroup var options: TrainingOptions

  func run() async throws {
    options.prepare()
    let configuration: TransformerTrainer.Configuration = try options.configuration()
    let cache = try LatentCache(
      contentsOf: URL(filePath: options.runs).appending(path: "latents.safetensors"))
    StandardError.print("training on \(cache.count) clips")
    let trainer = try TransformerTrainer(
      model: options.part("transformer"), text: options.part("text_encoder"),
      diffusion: try DiffusionConfiguration(contentsOf: options.file("scheduler/scheduler_config.json")),
      configuration, cache: cache, workers: options.workers, log: options.log("transformer"))
    try options.run(trainer.loop, name: "transformer") { try trainer.run(isCancelled: $0) }
    let averaged = trainer.loop.averagedParameters()
    func part(_ prefix: String) -> [(name: String, tensor: Tensor)] {
      averaged.filter { $0.name.hasPrefix(prefix) }.map {
        (String($0.name.dropFirst(prefix.count)), $0.tensor)
      }
    }
    try options.write(
      part("transformer."), as: .bfloat16, to: "transformer/diffusion_pytorch_model.safetensors")
    try options.write(part("text_encoder."), as: .bfloat16, to: "text_encoder/model.safetensors")
  }
}
