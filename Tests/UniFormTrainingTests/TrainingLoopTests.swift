import Foundation
import Testing
import Torch

@testable import UniFormTraining

/// A linear regression is a real, tiny model: its loss, gradients and checkpoints are those of any other.
@Suite struct TrainingLoopTests {
  let folder: URL

  init() throws {
    folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  private func settings(steps: Int) -> OptimizationSettings {
    var settings = OptimizationSettings()
    settings.steps = steps
    settings.batchSize = 8
    settings.learningRate = 0.05
    settings.warmupSteps = 2
    settings.emaDecay = 0.9
    return settings
  }

  /// Fits y = x · [1, −2, 3]ᵀ.
  private func regression(steps: Int, workers: Int) throws -> (TrainingLoop, [Linear]) {
    let stores = (0..<workers).map { _ in ParameterStore(seed: 5) }
    let layers = try stores.map { try Linear($0.root, 3, 1) }
    let settings = settings(steps: steps)
    let loop = try TrainingLoop(
      stores, configuration: settings, settings: settings,
      log: try MetricsLog(title: "test", url: nil) { _ in })
    return (loop, layers)
  }

  private func run(_ loop: TrainingLoop, _ layers: [Linear], until stop: Int = .max) throws {
    let truth = Tensor([1, -2, 3] as [Float], shape: [3, 1])
    try loop.run(isCancelled: { loop.step >= stop }) { worker, step in
      let x = Tensor.randn([8 / layers.count, 3], generator: loop.generator(worker: worker, step: step))
      return StepResult(loss: layers[worker](x).meanSquaredError(x.matmul(truth)))
    }
  }

  @Test(arguments: [1, 2]) func learnsWithAnyNumberOfWorkers(workers: Int) throws {
    let (loop, layers) = try regression(steps: 300, workers: workers)
    try run(loop, layers)
    for (value, truth) in zip(layers[0].weight.floats, [1, -2, 3] as [Float]) {
      #expect(abs(value - truth) < 0.05)
    }
    #expect(layers.allSatisfy { $0.weight.floats == layers[0].weight.floats })
  }

  @Test func aResumedRunEndsWithTheSameBits() throws {
    let (whole, wholeLayers) = try regression(steps: 20, workers: 2)
    try run(whole, wholeLayers)

    let (first, firstLayers) = try regression(steps: 20, workers: 2)
    first.checkpointURL = folder.appending(path: "run.safetensors")
    try run(first, firstLayers, until: 7)
    let (second, secondLayers) = try regression(steps: 20, workers: 2)
    try second.resume(from: folder.appending(path: "run.safetensors"))
    #expect(second.step == 7)
    try run(second, secondLayers)
    #expect(secondLayers[0].weight.floats == wholeLayers[0].weight.floats)
    #expect(
      second.averagedParameters().map(\.tensor.floats) == whole.averagedParameters().map(\.tensor.floats))
  }

  @Test func aCheckpointOfAnotherModelOrSeedIsRefused() throws {
    let (loop, layers) = try regression(steps: 2, workers: 1)
    let url = folder.appending(path: "run.safetensors")
    loop.checkpointURL = url
    try run(loop, layers)
    var other = settings(steps: 2)
    other.seed = 1
    let store = ParameterStore(seed: 5)
    _ = try Linear(store.root, 3, 1)
    let log = try MetricsLog(title: "test", url: nil) { _ in }
    #expect(throws: TrainingError.self) {
      try TrainingLoop([store], configuration: other, settings: other, log: log).resume(from: url)
    }
    let same = settings(steps: 2)
    let renamed = ParameterStore(seed: 5)
    _ = try Linear(renamed.root["wide"], 3, 1)
    #expect(throws: WeightError.self) {
      try TrainingLoop([renamed], configuration: same, settings: same, log: log).resume(from: url)
    }
    let wide = ParameterStore(seed: 5)
    let layer = try Linear(wide.root, 9, 1)
    let before = layer.weight.floats
    #expect(throws: WeightError.self) {
      try TrainingLoop([wide], configuration: same, settings: same, log: log).resume(from: url)
    }
    #expect(layer.weight.floats == before)
  }

  @Test func aBatchThatTheWorkersCannotShareIsRefused() throws {
    #expect(throws: TrainingError.self) { _ = try regression(steps: 1, workers: 3) }
  }

  @Test func aLossThatIsNotFiniteStopsWithItsStep() throws {
    let (loop, layers) = try regression(steps: 5, workers: 1)
    let error = #expect(throws: TrainingError.self) {
      try loop.run { _, step in
        StepResult(loss: layers[0](Tensor([1, 1, step == 3 ? .infinity : 1] as [Float], shape: [1, 3])).sum)
      }
    }
    #expect(error?.description.hasPrefix("step 3: ") == true)
  }

  @Test func anAdversaryLearnsOnlyFromItsOwnLoss() throws {
    let model = ParameterStore(seed: 1)
    let judge = ParameterStore(seed: 2)
    let layer = try Linear(model.root, 2, 2)
    let critic = try Linear(judge.root, 2, 1)
    let before = critic.weight.floats
    let settings = settings(steps: 3)
    let loop = try TrainingLoop(
      [model], adversary: [judge], configuration: settings, settings: settings,
      log: try MetricsLog(title: "test", url: nil) { _ in })
    let x = Tensor([1, 2] as [Float], shape: [1, 2])
    try loop.run { _, _ in StepResult(loss: critic(layer(x)).sum) }
    #expect(critic.weight.floats == before)
    let second = try TrainingLoop(
      [model], adversary: [judge], configuration: settings, settings: settings,
      log: try MetricsLog(title: "test", url: nil) { _ in })
    try second.run { _, _ in
      StepResult(loss: critic(layer(x)).sum, adversaryLoss: critic(layer(x).detached).squared.sum)
    }
    #expect(critic.weight.floats != before)
  }

  @Test func theLogIsJSONLinesWithTheMeansSinceTheLast() throws {
    let url = folder.appending(path: "log.jsonl")
    var lines: [String] = []
    let log = try MetricsLog(title: "test", url: url, interval: 0) { lines.append($0) }
    log.record(step: 1, elapsed: 1, progress: 0.5, values: [("loss", 2)])
    log.record(step: 2, elapsed: 2, progress: 1, values: [("loss", 4)])
    let text = try String(contentsOf: url, encoding: .utf8).split(separator: "\n")
    #expect(text.count == 2 && lines.count == 2)
    let object = try JSONSerialization.jsonObject(with: Data(text[1].utf8)) as? [String: Any]
    #expect(object?["loss"] as? Double == 4)
    #expect(object?["step"] as? Int == 2)
  }
}
