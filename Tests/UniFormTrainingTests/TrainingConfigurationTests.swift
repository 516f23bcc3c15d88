import Foundation
import Testing
import Torch
import UniForm

@testable import UniFormTraining

@Suite struct TrainingConfigurationTests {
  let folder: TemporaryFolder
  let url: URL

  init() throws {
    folder = try TemporaryFolder()
    url = folder.url.appending(path: "train.json")
  }

  private func read(_ json: String, _ settings: String...) throws -> TrainingConfiguration<TransformerRecipe>
  {
    try Data(json.utf8).write(to: url)
    return try TrainingFile(contentsOf: url, overrides: settings.map { try ConfigurationOverride($0) })
      .configuration()
  }

  private let minimal = #"{"train": "transformer", "model": "m", "run": "r", "recipe": {"data": "d"}}"#

  @Test func whatIsNotGivenTakesItsDefaultAtEveryDepth() throws {
    let configuration = try read(
      #"{"train": "transformer", "model": "m", "run": "r", "recipe": {"data": "d", "lora": {"rank": 4}}, "optimization": {"batch_size": 3}}"#
    )
    #expect(configuration.optimization.batchSize == 3)
    #expect(configuration.optimization.learningRate == OptimizationSettings().learningRate)
    #expect(configuration.recipe.lora.rank == 4 && configuration.recipe.lora.alpha == 16)
    #expect(configuration.recipe.taskWeights.count == 5)
  }

  @Test func theCommandLineChangesSettingsByTheirPath() throws {
    let configuration = try read(
      minimal, "optimization.learning_rate=2e-4", "workers=2", "recipe.lora.rank=8", "model=a=b",
      "on_nan=skip",
      #"recipe.samples.prompts=["rain"]"#)
    #expect(configuration.optimization.learningRate == 2e-4)
    #expect(configuration.workers == 2 && configuration.recipe.lora.rank == 8)
    #expect(configuration.model == "a=b" && configuration.onNaN == "skip")
    #expect(configuration.recipe.samples.prompts == ["rain"])
  }

  @Test(arguments: [
    ("optimization.steps=many", "\"optimization.steps\" must be of type Int"),
    ("optimization.stepz=4", "unknown key \"optimization.stepz\""),
    ("recipe.lora.size=4", "unknown key \"recipe.lora.size\""),
    ("workerz=4", "unknown key \"workerz\""), ("model.name=x", "\"model\" is no section"),
    ("workers=0", "workers must be in 1...256"), ("backend=mpi", "backend must be auto, gloo or"),
    ("backend=nccl", "backend must be auto, gloo or, with device cuda, nccl"),
    ("recipe.task_weights.i2v=1", "unknown key \"recipe.task_weights.i2v\""),
    ("train=vocoda", "\"train\" must name what is trained"),
  ])
  func aSettingThatCannotBeIsNamed(setting: String, reason: String) throws {
    let error = #expect(throws: ConfigurationError.self) { try read(minimal, setting) }
    #expect(error?.description.contains(reason) == true, "\(error?.description ?? "")")
    #expect(error?.description.contains("with \(setting)") == true)
  }

  @Test func gradientsGoFromGPUToGPUUnlessGlooIsAskedFor() throws {
    let gpu = Device(.cuda, index: 1)
    #expect(try read(minimal).exchange(.cpu) == .cpu && read(minimal, "device=mps").exchange(.mps) == .cpu)
    #expect(try read(minimal, "device=cuda").exchange(gpu) == gpu)
    #expect(try read(minimal, "device=cuda", "backend=nccl").exchange(gpu) == gpu)
    #expect(try read(minimal, "device=cuda", "backend=gloo").exchange(gpu) == .cpu)
  }

  @Test(arguments: ["steps", "=4", "a..b=1", ""]) func aSettingNeedsKeyAndValue(text: String) {
    #expect(throws: ConfigurationError.self) { try ConfigurationOverride(text) }
  }

  @Test func theWholeConfigurationReadsBackTheSame() throws {
    let configuration = try read(minimal, "recipe.snr_gamma=5")
    try configuration.json().write(to: url)
    let again: TrainingConfiguration<TransformerRecipe> = try TrainingFile(contentsOf: url).configuration()
    #expect(again == configuration)
  }

  @Test func aRunGoesOnWithAnotherNumberOfWorkersAndNotWithAnotherRate() throws {
    func essence(_ settings: String...) throws -> String {
      try Data(minimal.utf8).write(to: url)
      let configuration: TrainingConfiguration<TransformerRecipe> =
        try TrainingFile(contentsOf: url, overrides: settings.map { try ConfigurationOverride($0) })
        .configuration()
      return String(decoding: try configuration.essence.json(), as: UTF8.self)
    }
    let plain = try essence()
    for same in [
      "workers=4", "run=elsewhere", "optimization.steps=99", "checkpoints.keep=9",
      "optimization.accumulation=2",
      "recipe.activation_checkpointing=true", "device=cuda", "on_nan=skip",
    ] { #expect(try essence(same) == plain) }
    #expect(
      Essence.difference(plain, try essence("optimization.learning_rate=3"))
        == "was made with optimization.learning_rate 0.0001, which is 3 now")
    #expect(
      try essence("optimization.decay_fraction=0.5", "optimization.steps=9")
        != essence("optimization.decay_fraction=0.5"))
  }

  @Test func autoIsTheFasterDTypeOfTheDevice() throws {
    var settings = OptimizationSettings()
    #expect(settings.activationType(on: .cpu) == .float32)
    settings.dtype = "auto"
    try settings.validate()
    #expect(settings.activationType(on: .cpu) == .fastest(on: .cpu))
    settings.dtype = "float16"
    #expect(throws: ConfigurationError.self) { try settings.validate() }
  }

  @Test func everyConfigurationOfTheRepositoryReads() throws {
    let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../Configs/train")
      .standardized
    let files = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
    #expect(files.count >= 5)
    for url in files where url.pathExtension == "json" {
      let file = try TrainingFile(contentsOf: url)
      switch file.subject {
      case .tokenizer: _ = try file.configuration() as TokenizerTraining
      case .videoVAE: _ = try file.configuration() as TrainingConfiguration<VideoVAETrainer.Recipe>
      case .audioVAE: _ = try file.configuration() as TrainingConfiguration<AudioVAETrainer.Recipe>
      case .vocoder: _ = try file.configuration() as TrainingConfiguration<VocoderTrainer.Recipe>
      case .judges: _ = try file.configuration() as TrainingConfiguration<JudgeTrainer.Recipe>
      case .transformer: _ = try file.configuration() as TrainingConfiguration<TransformerRecipe>
      }
    }
  }
}
