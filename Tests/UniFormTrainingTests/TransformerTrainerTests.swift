import Foundation
import Testing
import Torch
import UniForm

@testable import UniFormTraining

@Suite struct TransformerTrainerTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func model(_ objective: Objective = .velocity) throws -> ModelDirectory {
    var model = TinyModel()
    model.diffusion = DiffusionConfiguration(objective: objective)
    model.transformer.predictsVariance = objective == .epsilon
    try model.write(to: folder.url)
    return try ModelDirectory(folder.url)
  }

  static func optimization(steps: Int) -> OptimizationSettings {
    var settings = OptimizationSettings()
    (settings.steps, settings.batchSize, settings.learningRate, settings.warmupSteps) = (steps, 4, 3e-3, 5)
    return settings
  }

  static var recipe: TransformerRecipe {
    var recipe = TransformerRecipe()
    recipe.trainsTextEncoder = true
    return recipe
  }

  private func data(_ model: ModelDirectory) throws -> LatentDataset {
    try .synthetic(count: 6, for: model, in: folder.url.appending(path: UUID().uuidString))
  }

  private func trainer(
    _ model: ModelDirectory, steps: Int, workers: Int = 1, accumulation: Int = 1, context: RunContext? = nil,
    _ change: (inout TransformerRecipe) -> Void = { _ in }
  ) throws -> TransformerTrainer {
    var (recipe, optimization) = (Self.recipe, Self.optimization(steps: steps))
    optimization.accumulation = accumulation
    change(&recipe)
    return try TransformerTrainer(
      model: model, recipe, optimization: optimization, data: data(model), workers: workers,
      context: context ?? .quiet())
  }

  private func losses(_ run: TemporaryFolder) throws -> [Double] {
    try metrics(in: run.url).compactMap { $0["loss"] }
  }

  @Test(arguments: [Objective.velocity, .epsilon])
  func theLossFallsForBothObjectives(objective: Objective) throws {
    let run = try TemporaryFolder()
    try trainer(model(objective), steps: 80, workers: 2, context: .saved(in: run.url)).run()
    let lines = try metrics(in: run.url)
    func mean(_ part: ArraySlice<[String: Double]>) -> Double {
      // Only the plain error of one task: the tasks' sums differ in size.
      let values = part.compactMap { $0["t2av_video"] }
      return values.reduce(0, +) / Double(values.count)
    }
    #expect(mean(lines.suffix(25)) < mean(lines.prefix(15)) * 0.97)
    let names = Set(lines.flatMap(\.keys))
    #expect(names.isSuperset(of: ["t2av_video", "t2av_audio", "a2v_video", "v2a_audio"]))
    #expect(names.contains("a2v_video_bound") == (objective == .epsilon))
  }

  @Test func oneModalityAloneCountsInItsLossAlone() throws {
    let run = try TemporaryFolder()
    try trainer(model(), steps: 6, context: .saved(in: run.url)) {
      $0.taskWeights = ["t2a": 1, "t2v": 1]
    }.run()
    let names = Set(try metrics(in: run.url).flatMap(\.keys))
    #expect(Set(names.filter { $0.hasPrefix("t2") }) == ["t2a_audio", "t2v_video"])
  }

  /// Losses of the same steps, up to the rounding of sums.
  @Test func anyNumberOfWorkersSeesTheSameBatches() throws {
    let model = try model()
    func curve(workers: Int, accumulation: Int, recomputes: Bool = false) throws -> [Double] {
      let run = try TemporaryFolder()
      try trainer(
        model, steps: 8, workers: workers, accumulation: accumulation, context: .saved(in: run.url),
        { $0.recomputesActivations = recomputes }
      ).run()
      return try losses(run)
    }
    let whole = try curve(workers: 1, accumulation: 1)
    for (workers, accumulation) in [(2, 1), (1, 2), (2, 2)] {
      for (a, b) in zip(whole, try curve(workers: workers, accumulation: accumulation)) {
        #expect(abs(a - b) < 1e-4 * a)
      }
    }
    #expect(try curve(workers: 1, accumulation: 1, recomputes: true) == whole)
  }

  @Test func recomputedActivationsGiveTheSameGradients() throws {
    let model = try model()
    func gradients(recomputes: Bool) throws -> [[Float]] {
      let trainer = try trainer(model, steps: 1) { $0.recomputesActivations = recomputes }
      for entry in trainer.loop.model.trainable where !entry.tensor.anyTrue {
        withoutGradient {
          _ = entry.tensor.copy_(.randn(entry.tensor.shape, generator: Generator(seed: 8)) * 0.2)
        }
      }
      let part = BatchPart(
        worker: 0, step: 0, positions: 0..<4, randomness: StepRandomness(seed: 42, step: 0))
      try trainer.loss(part).loss.backward()
      return trainer.loop.model.trainable.map { $0.tensor.gradient?.floats ?? [] }
    }
    let plain = try gradients(recomputes: false)
    #expect(try gradients(recomputes: true) == plain)
    #expect(plain.joined().contains { $0 != 0 })
  }

  @Test func twoProcessesTrainLikeOne() throws {
    let model = try model()
    let one = try TemporaryFolder()
    try trainer(model, steps: 8, context: .saved(in: one.url)).run()
    // Each stands in a thread of its own here.
    let two = try TemporaryFolder()
    let results = try together(2) { group in
      var context = try group.rank == 0 ? RunContext.saved(in: two.url) : RunContext.quiet()
      context.checkpoints = try CheckpointStore(
        folder: RunDirectory.checkpointsURL(in: two.url), CheckpointSettings())
      context.group = group
      let trainer = try self.trainer(model, steps: 8, context: context)
      try trainer.run()
      return try trainer.loop.averagedParameters().map(\.tensor.floats)
    }
    #expect(results[0] == results[1])
    for (a, b) in zip(try losses(one), try losses(two)) { #expect(abs(a - b) < 1e-4 * a) }
    // One process goes on from the checkpoint of two.
    let resumed = try trainer(model, steps: 9, context: .saved(in: two.url))
    #expect(try resumed.loop.resume())
    #expect(resumed.loop.step == 8)
    #expect(try resumed.loop.averagedParameters().map(\.tensor.floats) == results[0])
    try resumed.run()
  }

  @Test func aFrozenTextEncoderIsNeitherTrainedNorWritten() throws {
    let model = try model()
    #expect(try trainer(model, steps: 3).trainedParts().map(\.part) == [.transformer, .textEncoder])
    let frozen = try trainer(model, steps: 3) { $0.trainsTextEncoder = false }
    try frozen.run()
    #expect(try frozen.trainedParts().map(\.part) == [.transformer])
    #expect(frozen.loop.step == 3)
  }

  @Test func adaptersOfLayersThatAreNotThereAreRefused() throws {
    let error = #expect(throws: ConfigurationError.self) {
      _ = try trainer(model(), steps: 1) {
        $0.trainsTextEncoder = false
        ($0.lora.rank, $0.lora.targets) = (2, ["attn.qkv", "attn.qvk"])
      }
    }
    #expect(error?.message.contains("\"attn.qvk\"") == true)
  }

  @Test func adaptersAloneAreTrainedAndGenerateLikeWeights() throws {
    var model = try model()
    let trainer = try trainer(model, steps: 4) {
      $0.trainsTextEncoder = false
      $0.lora.rank = 2
    }
    try trainer.begin(from: model)
    try trainer.run()
    let url = folder.url.appending(path: "lora.safetensors")
    try trainer.writeAdapters(to: url)
    let names = try SafeTensors(contentsOf: url).entries.keys
    #expect(names.contains("transformer.spatial_blocks.0.attn.qkv.lora_A.weight"))
    #expect(names.allSatisfy { $0.hasPrefix("transformer.") && $0.contains(".lora_") })

    let request = GenerationRequest(prompt: "rain", steps: 2, seed: 1)
    func latents(_ model: ModelDirectory, training: Bool = false) throws -> [Float] {
      let pipeline = try UniFormPipeline(model, dtype: .float32)
      if training {
        pipeline.use(transformer: trainer.networks.transformer, textEncoder: trainer.networks.textEncoder)
      }
      return try pipeline.latents(request).video.floats
    }
    func distance(_ a: [Float], _ b: [Float]) -> Float { zip(a, b).map { abs($0 - $1) }.max() ?? 0 }
    let base = try latents(model)
    let trained = try trainer.loop.withAverages { try latents(model, training: true) }
    model.adapters = [.init(url: url)]
    let adapted = try latents(model)
    #expect(distance(adapted, trained) < 1e-4)
    #expect(distance(adapted, base) > 1e-3)
    #expect(model.weightsFingerprint != (try ModelDirectory(folder.url)).weightsFingerprint)
    model.adapters = [.init(url: url, scale: 0)]
    #expect(try latents(model) == base)
  }

  @Test func tasksAreDrawnByTheirWeights() throws {
    var recipe = TransformerRecipe()
    recipe.data = "x"
    recipe.taskWeights = ["t2av": 1, "a2v": 0, "v2a": 3]
    let tasks = (0..<100).map { recipe.task(Double($0) / 100) }
    #expect(tasks.filter { $0 == .t2av }.count == 25)
    #expect(tasks.filter { $0 == .v2a }.count == 75)
    recipe.taskWeights = ["t2av": 0]
    #expect(throws: ConfigurationError.self) { try recipe.validate() }
  }
}
