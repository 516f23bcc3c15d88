import ArgumentParser
import Foundation
import UniForm
import UniFormTraining

struct TrainCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "train",
    abstract: "Train a part of a model as a configuration says.",
    discussion: """
      The configuration (JSON, see Configs/train) names what is trained, the model directory, the folder of the run \
      and the recipe. The run folder keeps the whole configuration, checkpoints, metrics and samples; the same \
      command goes on from its last checkpoint, as if nothing had happened in between. At the end the averaged \
      weights go into the model directory.

        uniform train Configs/train/tiny-transformer.json --set optimization.learning_rate=1e-4

      Several processes train together where WORLD_SIZE, RANK, MASTER_ADDR and MASTER_PORT say so, as torchrun, SLURM \
      scripts and Kubernetes set them; 'uniform launch' starts them on one machine. Docs/Training.md describes it all.
      """)

  @OptionGroup var options: TrainingOptions
  @Flag(
    name: .customLong("export"),
    help: "Do not train: write the averaged weights of the run's last checkpoint into the model directory.")
  var isExport = false

  func run() async throws {
    let file = try options.file()
    // An interrupted run is saved before it ends.
    Interruption.allow(seconds: 600)
    switch file.subject {
    case .tokenizer: try trainTokenizer(file)
    case .videoVAE: try await TrainingThread.run { try trainVideoVAE(job(file, $0)) }
    case .audioVAE: try await TrainingThread.run { try trainAudioVAE(job(file, $0)) }
    case .vocoder: try await TrainingThread.run { try trainVocoder(job(file, $0)) }
    case .judges: try await TrainingThread.run { try trainJudge(job(file, $0)) }
    case .transformer:
      let configuration: TrainingConfiguration<TransformerRecipe> = try file.configuration()
      let requests = try await TrainingSamples.requests(configuration)
      try await TrainingThread.run { try trainTransformer(job(file, $0), requests) }
    }
  }

  private func job<Recipe>(
    _ file: TrainingFile, _ cancellation: TrainingThread.Cancellation
  ) throws -> TrainingJob<Recipe> {
    try TrainingJob(file, cancellation, isExport: isExport)
  }

  private func trainTokenizer(_ file: TrainingFile) throws {
    guard !isExport else { throw CommandFailure.usage("--export: the tokenizer has no checkpoints") }
    let configuration: TokenizerTraining = try file.configuration()
    let url = URL(filePath: configuration.model).appending(path: "tokenizer/spiece.model")
    let bytes = try configuration.run()
    try FileManager.default.createDirectory(
      at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(bytes).write(to: url, options: .atomic)
    StandardError.print("wrote \(url.path)")
  }
}

/// A configuration, and what the command line changes in it.
struct TrainingOptions: ParsableArguments {
  @Argument(
    help: ArgumentHelp("Training configuration (JSON).", valueName: "config"),
    completion: .file(extensions: ["json"]))
  var config: String
  @Option(
    name: .customLong("set"), parsing: .unconditionalSingleValue,
    help: ArgumentHelp(
      "Change a setting of the configuration; may be given more than once.", valueName: "key=value"))
  var settings: [String] = []

  func file() throws -> TrainingFile {
    let overrides = try settings.map { text in
      do throws(ConfigurationError) {
        return try ConfigurationOverride(text)
      } catch {
        throw CommandFailure.usage("--set: \(error.message)")
      }
    }
    return try TrainingFile(contentsOf: URL(filePath: config), overrides: overrides)
  }
}
