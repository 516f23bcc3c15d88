import Foundation
import Scenes
import Testing
import Torch
import UniForm

@testable import UniFormTraining

/// Training that begins with the weights of another model.
@Suite struct WarmStartTests {
  let folder: TemporaryFolder
  let model: ModelDirectory

  init() throws {
    folder = try TemporaryFolder()
    try TinyModel().write(to: folder.url)
    model = try ModelDirectory(folder.url)
  }

  private func trainer() throws -> VocoderTrainer {
    var recipe = VocoderTrainer.Recipe()
    recipe.adversaryFrom = 1
    var optimization = OptimizationSettings()
    optimization.batchSize = 2
    let scenes = SceneSounds(
      count: 1, seed: 1, geometry: .init(width: 16, height: 16, frameRate: 17, seconds: 1, sampleRate: 16_000)
    )
    return try VocoderTrainer(
      model: model, recipe, optimization: optimization, sounds: scenes, workers: 2, context: .quiet(seed: 99))
  }

  private func differences(_ trainer: VocoderTrainer) throws -> [Double] {
    let file = try SafeTensors(contentsOf: model.weightsURL(.vocoder))
    return try trainer.loop.averagedParameters().map { name, tensor in
      try (tensor.detached - file.tensor(name).to(.float32)).abs.mean.item
    }
  }

  @Test func takesOverEveryTensorForAllWorkersAndTheAverage() throws {
    let trainer = try trainer()
    #expect(try differences(trainer).contains { $0 > 0 })
    try trainer.begin(from: model)
    #expect(try differences(trainer).allSatisfy { $0 == 0 })
    for (first, second) in zip(trainer.loop.model.stores[0].entries, trainer.loop.model.stores[1].entries) {
      #expect((first.tensor.detached - second.tensor.detached).abs.mean.item == 0)
    }
  }

  @Test func refusesWeightsOfAnotherShapeAndChangesNothing() throws {
    let trainer = try trainer()
    let before = try differences(trainer)
    let url = try model.weightsURL(.vocoder)
    let file = try SafeTensors(contentsOf: url)
    // The last of the names is wrong: all must be looked at before one is copied.
    let names = file.entries.keys.sorted()
    let tensors = try names.map { name in
      let tensor = try file.tensor(name)
      return (name, name == names.last ? Tensor.zeros([1, 1, 1, 1]) : tensor.cloned)
    }
    let other = try TemporaryFolder()
    try FileManager.default.removeItem(at: other.url)
    try FileManager.default.copyItem(at: folder.url, to: other.url)
    let source = try ModelDirectory(other.url)
    try SafeTensors.write(tensors, metadata: [:], to: source.weightsURL(.vocoder))
    #expect(throws: WeightError.self) { try trainer.begin(from: source) }
    #expect(try differences(trainer) == before)
  }
}
