import ArgumentParser
import Foundation
import Torch
import UniForm
import UniFormTraining

struct TrainJudges: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "judges",
    abstract: "Train the classifiers of rendered scenes that 'uniform evaluate' scores with.")
  @OptionGroup var place: TrainingPlace
  @Option(help: ArgumentHelp("Training configuration (JSON).", valueName: "file"))
  var config: String
  @Option(help: "Only the judge of pictures, or only that of sound.")
  var sense: JudgeTrainer.Sense?
  @Option(help: "Stop each after so many minutes; the learning rate decays towards that end.")
  var minutes: Double?
  @Option(help: "Threads that train side by side, each on its share of the batch.")
  var workers = 2

  func validate() throws {
    guard workers > 0 else { throw ValidationError("--workers must be at least 1.") }
    if let minutes, minutes <= 0 { throw ValidationError("--minutes must be positive.") }
  }

  func run() async throws {
    place.prepare()
    let configuration = try JudgeTrainer.Configuration(contentsOf: URL(filePath: config))
    try FileManager.default.createDirectory(
      at: URL(filePath: place.model), withIntermediateDirectories: true)
    for sense in sense.map({ [$0] }) ?? JudgeTrainer.Sense.allCases {
      let name = "judge-\(sense.rawValue)"
      StandardError.print("rendering \(configuration.clips) clips for the judge of \(sense.rawValue)")
      let log = try MetricsLog(title: name, url: place.run("\(name).jsonl"), print: StandardError.print)
      let trainer = try JudgeTrainer(sense, configuration, workers: workers, log: log)
      try place.run(trainer.loop, name: name, minutes: minutes) { try trainer.run(isCancelled: $0) }
      try place.write(
        trainer.loop.averagedParameters(), as: .float16, metadata: JudgeTrainer.metadata,
        to: place.file(sense.fileName))
    }
  }
}
