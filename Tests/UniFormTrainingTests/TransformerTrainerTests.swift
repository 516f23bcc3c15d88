import Foundation
import Scenes
import Testing
import Torch
import UniForm

@testable import UniFormTraining

@Suite struct TransformerTrainerTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func model(_ objective: Objective) throws -> ModelDirectory {
    var model = TinyModel()
    model.diffusion = DiffusionConfiguration(objective: objective)
    model.transformer.predictsVariance = objective == .epsilon
    try model.write(to: folder.url)
    return try ModelDirectory(folder.url)
  }

  static func training(steps: Int) -> TransformerTrainer.Configuration {
    var training = TransformerTrainer.Configuration()
    training.trainsTextEncoder = true
    training.optimization.steps = steps
    training.optimization.batchSize = 4
    training.optimization.learningRate = 3e-3
    training.optimization.warmupSteps = 5
    return training
  }

  private func data(_ model: ModelDirectory) throws -> LatentDataset {
    try .synthetic(count: 6, for: model, in: folder.url.appending(path: UUID().uuidString))
  }

  @Test(arguments: [Objective.velocity, .epsilon])
  func theLossFallsForBothObjectives(objective: Objective) throws {
    var lines: [[String: Any]] = []
    let url = folder.url.appending(path: "log.jsonl")
    let log = try MetricsLog(title: "test", url: url, interval: 0) { _ in }
    let model = try model(objective)
    let trainer = try TransformerTrainer(
      model: model, Self.training(steps: 80), data: data(model), workers: 2, log: log)
    try trainer.run()
    for line in try String(contentsOf: url, encoding: .utf8).split(separator: "\n") {
      lines.append(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any] ?? [:])
    }
    func mean(_ part: ArraySlice<[String: Any]>) -> Double {
      // Only the plain error of one task: the tasks' sums differ in size.
      let values = part.compactMap { $0["t2av_video"] as? Double }
      return values.reduce(0, +) / Double(values.count)
    }
    #expect(mean(lines.suffix(25)) < mean(lines.prefix(15)) * 0.97)
    #expect(
      Set(lines.flatMap(\.keys)).isSuperset(of: ["t2av_video", "t2av_audio", "a2v_video", "v2a_audio"]))
  }

  @Test func aFrozenTextEncoderIsNeitherTrainedNorWritten() throws {
    let directory = try model(.velocity)
    var training = Self.training(steps: 3)
    let log = try MetricsLog(title: "test", url: nil) { _ in }
    let joint = try TransformerTrainer(
      model: directory, training, data: data(directory), workers: 1, log: log)
    #expect(joint.trainedParts.map(\.part) == [.transformer, .textEncoder])
    training.trainsTextEncoder = false
    let frozen = try TransformerTrainer(
      model: directory, training, data: data(directory), workers: 1, log: log)
    try frozen.run()
    #expect(frozen.trainedParts.map(\.part) == [.transformer])
    #expect(frozen.loop.step == 3)
  }

  @Test func tasksAreDrawnByTheirWeights() throws {
    var configuration = TransformerTrainer.Configuration()
    configuration.taskWeights = ["t2av": 1, "a2v": 0, "v2a": 3]
    let tasks = (0..<100).map { configuration.task(Double($0) / 100) }
    #expect(tasks.filter { $0 == .t2av }.count == 25)
    #expect(tasks.filter { $0 == .v2a }.count == 75)
    configuration.taskWeights = ["t2av": 0]
    #expect(throws: ConfigurationError.self) { try configuration.validate() }
  }

  @Test func unknownKeysAreNamedWithTheirSection() {
    let json = Data(#"{"optimization": {"batchsize": 3}}"#.utf8)
    let error = #expect(throws: ConfigurationError.self) {
      _ = try TransformerTrainer.Configuration(json: json, source: "train.json")
    }
    #expect(error?.description == "train.json: unknown key \"optimization.batchsize\"")
  }

  @Test func thePartOfAConfigurationThatIsGivenKeepsTheOtherDefaults() throws {
    let json = Data(#"{"optimization": {"batch_size": 3}}"#.utf8)
    let configuration = try TransformerTrainer.Configuration(json: json, source: "train.json")
    #expect(configuration.optimization.batchSize == 3)
    #expect(configuration.optimization.learningRate == OptimizationSettings().learningRate)
  }
}

@Suite struct SceneFramesTests {
  @Test func windowsAreScaledAndKnowWhatMoves() {
    let geometry = SceneGeometry(width: 32, height: 32, frameRate: 17, seconds: 2, sampleRate: 8_000)
    let frames = SceneFrames(count: 3, seed: 1, geometry: geometry)
    let windows = frames.windows(4, length: 17, generator: Generator(seed: 1))
    #expect(windows.frames.shape == [4, 3, 17, 32, 32])
    #expect(windows.motion.shape == [4, 1, 17, 32, 32])
    #expect(windows.frames.minimum.item >= -1 && windows.frames.maximum.item <= 1)
    #expect(windows.motion.minimum.item >= 0 && windows.motion.maximum.item <= 1)
    #expect(windows.motion.mean.item < 0.5)
  }

  @Test func theSameSeedRendersTheSamePool() {
    let geometry = SceneGeometry(width: 16, height: 16, frameRate: 17, seconds: 1, sampleRate: 8_000)
    let a = SceneFrames(count: 2, seed: 9, geometry: geometry)
    let b = SceneFrames(count: 2, seed: 9, geometry: geometry)
    #expect(a.pixels.values(as: UInt8.self) == b.pixels.values(as: UInt8.self))
  }
}
