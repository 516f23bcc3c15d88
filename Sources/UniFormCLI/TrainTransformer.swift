import ArgumentParser
import Foundation
import Scenes
import Torch
import UniForm
import UniFormTraining

struct TrainLatents: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "latents", abstract: "Render scenes and encode them, once, for the transformer.")
  @OptionGroup var place: TrainingPlace
  @Option(help: "Clips to encode.") var count = 10_000
  @Option(help: "Seed of the scenes.") var seed: UInt64 = 42

  func validate() throws {
    guard count > 0 else { throw ValidationError("--count must be at least 1.") }
  }

  func run() async throws {
    place.prepare()
    let directory = try place.directory()
    let start = Date.now
    var lastLine = Date.distantPast
    try LatentCache.write(
      count: count, seed: seed, scenes: directory.geometry.scenes, model: directory,
      to: try place.run("latents.safetensors")
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
    options.place.prepare()
    let configuration: TransformerTrainer.Configuration = try options.configuration()
    let directory = try options.place.directory()
    let cache = try LatentCache(contentsOf: options.place.run("latents.safetensors"), for: directory)
    StandardError.print("training on \(cache.count) clips")
    let trainer = try TransformerTrainer(
      model: directory, configuration, cache: cache, workers: options.workers,
      log: options.log("transformer"))
    try options.run(trainer.loop, name: "transformer", begin: trainer.begin) {
      try trainer.run(isCancelled: $0)
    }
    for (part, tensors) in trainer.trainedParts { try options.place.write(tensors, as: .bfloat16, to: part) }
  }
}
