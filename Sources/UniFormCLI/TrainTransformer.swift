import ArgumentParser
import Foundation
import Torch
import UniForm
import UniFormTraining

struct TrainTransformer: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "transformer", abstract: "Train the diffusion transformer, and the text encoder with it.")
  @OptionGroup var options: TrainingOptions
  @Option(help: ArgumentHelp("Encoded clips, as 'uniform prepare' made them.", valueName: "dir"))
  var clips: String

  func run() async throws {
    options.place.prepare()
    let configuration: TransformerTrainer.Configuration = try options.configuration()
    let directory = try options.place.directory()
    let data = try LatentDataset(contentsOf: URL(filePath: clips), for: directory)
    StandardError.print("training on \(data.count) clips")
    let trainer = try TransformerTrainer(
      model: directory, configuration, data: data, workers: options.workers,
      log: options.log("transformer"))
    try options.run(trainer.loop, name: "transformer", begin: trainer.begin) {
      try trainer.run(isCancelled: $0)
    }
    for (part, tensors) in trainer.trainedParts { try options.place.write(tensors, as: .bfloat16, to: part) }
  }
}
