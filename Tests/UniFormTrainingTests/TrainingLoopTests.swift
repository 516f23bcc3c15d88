import Foundation
import Testing
import Torch
import UniForm

@testable import UniFormTraining

/// A linear regression is a real, tiny model: its loss, gradients and checkpoints are those of any other.
@Suite struct TrainingLoopTests {
  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func settings(steps: Int, accumulation: Int = 1) -> OptimizationSettings {
    var settings = OptimizationSettings()
    settings.steps = steps
    settings.batchSize = 8
    settings.learningRate = 0.05
    settings.warmupSteps = 2
    settings.emaDecay = 0.9
    settings.accumulation = accumulation
    return settings
  }

  /// Fits y = x · [1, −2, 3]ᵀ.
  private struct Regression {
    let loop: TrainingLoop
    let layers: [Linear]

    var weights: [Float] { layers[0].weight.floats }

    func loss(_ part: BatchPart) -> StepResult {
      let truth = Tensor([1, -2, 3] as [Float], shape: [3, 1])
      let x = part.generators.randn([3])
      let errors = (layers[part.worker](x) - x.matmul(truth)).squared
      return StepResult(loss: errors.mean, clipLosses: errors.flattened())
    }

    func run() throws { try loop.run(loss) }
  }

  private func regression(
    steps: Int, workers: Int = 1, accumulation: Int = 1, context: RunContext? = nil
  ) throws -> Regression {
    let stores = (0..<workers).map { _ in ParameterStore(seed: 5) }
    let layers = try stores.map { try Linear($0.root, 3, 1) }
    let loop = try TrainingLoop(
      stores, settings: settings(steps: steps, accumulation: accumulation), context: context ?? .quiet())
    return Regression(loop: loop, layers: layers)
  }

  @Test(arguments: [1, 2]) func learnsWithAnyNumberOfWorkers(workers: Int) throws {
    let regression = try regression(steps: 300, workers: workers)
    try regression.run()
    for (value, truth) in zip(regression.weights, [1, -2, 3] as [Float]) {
      #expect(abs(value - truth) < 0.05)
    }
    #expect(regression.layers.allSatisfy { $0.weight.floats == regression.weights })
  }

  @Test func theSameBatchIsSeenHoweverItIsDivided() throws {
    let whole = try regression(steps: 30)
    try whole.run()
    for (workers, accumulation) in [(2, 1), (1, 4), (2, 2)] {
      let divided = try regression(steps: 30, workers: workers, accumulation: accumulation)
      try divided.run()
      for (a, b) in zip(whole.weights, divided.weights) { #expect(abs(a - b) < 1e-5) }
    }
  }

  @Test func aResumedRunEndsWithTheSameBits() throws {
    let whole = try regression(steps: 20, workers: 2)
    try whole.run()

    var context = try RunContext.saved(in: folder.url)
    var asked = 0
    context.isCancelled = {
      asked += 1
      return asked == 7
    }
    let first = try regression(steps: 20, workers: 2, context: context)
    #expect(try !first.loop.run(first.loss))
    #expect(first.loop.step == 7)
    let second = try regression(steps: 20, workers: 2, context: .saved(in: folder.url))
    #expect(try second.loop.resume())
    #expect(second.loop.step == 7)
    #expect(try second.loop.run(second.loss))
    #expect(second.weights == whole.weights)
    #expect(
      try second.loop.averagedParameters().map(\.tensor.floats)
        == whole.loop.averagedParameters().map(\.tensor.floats))
    #expect(try metrics(in: folder.url).map { $0["step"] } == (1...20).map(Double.init))
  }

  @Test func timeIsGivenToEachPartOfARunAnew() throws {
    for part in 1...2 {
      var context = try RunContext.saved(in: folder.url)
      context.minutes = 0.2 / 60
      let regression = try regression(steps: 1_000_000, context: context)
      let before = try regression.loop.resume() ? regression.loop.step : 0
      #expect((before == 0) == (part == 1))
      #expect(try !regression.loop.run(regression.loss))
      #expect(regression.loop.step > before + 1)
    }
  }

  @Test func whatWasLoggedAfterTheCheckpointIsTakenBack() throws {
    let context = try RunContext.saved(in: folder.url, every: 4)
    let first = try regression(steps: 20, context: context)
    struct Killed: Error {}
    first.loop.afterStep = { if $0.step == 6 { throw Killed() } }
    #expect(throws: Killed.self) { try first.loop.run(first.loss) }
    #expect(try metrics(in: folder.url).count == 6)
    let second = try regression(steps: 8, context: .saved(in: folder.url))
    #expect(try second.loop.resume())
    try second.loop.run(second.loss)
    #expect(try metrics(in: folder.url).map { $0["step"] } == (1...8).map(Double.init))
  }

  @Test func aCheckpointOfAnotherModelIsRefusedAndChangesNothing() throws {
    let first = try regression(steps: 2, context: .saved(in: folder.url))
    try first.run()
    for (prefix, width) in [("wide", 3), ("", 9)] {
      let store = ParameterStore(seed: 5)
      let layer = try Linear(prefix.isEmpty ? store.root : store.root[prefix], width, 1)
      let before = layer.weight.floats
      let loop = try TrainingLoop([store], settings: settings(steps: 2), context: .saved(in: folder.url))
      #expect(throws: WeightError.self) { try loop.resume() }
      #expect(layer.weight.floats == before)
    }
  }

  @Test func aBatchThatTheWorkersCannotShareIsRefused() throws {
    let error = #expect(throws: TrainingError.self) { _ = try regression(steps: 1, workers: 3) }
    #expect(error?.description.hasPrefix("a batch of 8 does not divide into 3 equal parts") == true)
  }

  /// The loss of one clip at one step is no number.
  private func spoiled(_ regression: Regression, at step: Int, position: Int) -> (BatchPart) -> StepResult {
    { part in
      let result = regression.loss(part)
      guard part.step == step, part.positions.contains(position) else { return result }
      let spoil = Tensor(part.positions.map { $0 == position ? Float.nan : 0 })
      let losses = result.clipLosses! + spoil
      return StepResult(loss: losses.mean, clipLosses: losses)
    }
  }

  @Test func aLossThatIsNoNumberStopsWithStepAndClipAndTheStateBefore() throws {
    let whole = try regression(steps: 3)
    try whole.run()
    let regression = try regression(steps: 5, workers: 2, context: .saved(in: folder.url))
    regression.loop.clipNames = { $0.map { "clip-\($0)" } }
    let error = #expect(throws: TrainingError.self) {
      try regression.loop.run(kind: { _ in "v2a" }, spoiled(regression, at: 3, position: 6))
    }
    #expect(
      error?.description.hasPrefix("step 3, task v2a: the loss is not finite for the clips clip-6; ") == true)
    let resumed = try self.regression(steps: 5, context: .saved(in: folder.url))
    #expect(try resumed.loop.resume())
    #expect(resumed.loop.step == 3)
    for (a, b) in zip(resumed.weights, whole.weights) { #expect(abs(a - b) < 1e-5) }
  }

  @Test func aStepWithoutAFiniteLossCanBeSkippedAndIsCounted() throws {
    var context = try RunContext.quiet()
    context.skipsNaN = true
    let regression = try regression(steps: 5, context: context)
    var weights: [[Float]] = []
    regression.loop.afterStep = { _ in weights.append(regression.weights) }
    try regression.loop.run(spoiled(regression, at: 2, position: 0))
    #expect(regression.loop.skipped == 1 && regression.loop.step == 5)
    #expect(weights[1] == weights[2] && weights[2] != weights[3])
  }

  @Test func whereEveryStepIsSkippedTheRunEnds() throws {
    var context = try RunContext.quiet()
    context.skipsNaN = true
    let regression = try regression(steps: 100, context: context)
    let error = #expect(throws: TrainingError.self) {
      try regression.loop.run { part in
        let result = regression.loss(part)
        // One skipped step before, which is none of the row.
        return part.step == 1 || part.step >= 4 ? StepResult(loss: result.loss * Double.nan) : result
      }
    }
    #expect(error?.description.contains("20 steps in a row") == true, "\(error?.description ?? "")")
    #expect(regression.loop.skipped == 21)
  }

  @Test func anAdversaryLearnsOnlyFromItsOwnLoss() throws {
    let model = ParameterStore(seed: 1)
    let judge = ParameterStore(seed: 2)
    let layer = try Linear(model.root, 2, 2)
    let critic = try Linear(judge.root, 2, 1)
    let before = critic.weight.floats
    let x = Tensor([1, 2] as [Float], shape: [1, 2])
    func loop() throws -> TrainingLoop {
      try TrainingLoop(
        [model], adversary: [judge], settings: settings(steps: 3, accumulation: 2), context: .quiet())
    }
    try loop().run { _ in StepResult(loss: critic(layer(x)).sum) }
    #expect(critic.weight.floats == before)
    try loop().run { _ in
      StepResult(loss: critic(layer(x)).sum, adversaryLoss: critic(layer(x).detached).squared.sum)
    }
    #expect(critic.weight.floats != before)
  }
}
