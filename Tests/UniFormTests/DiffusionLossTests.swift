import Foundation
import Testing
import Torch
import UniForm

@Suite struct DiffusionLossTests {
  let diffusion = GaussianDiffusion(schedule: .linear())

  /// Loss terms of a network output that holds prediction and variance logits in its channels.
  private func terms(_ output: Tensor, clean: Tensor, noise: Tensor, at timesteps: [Double]) -> LossTerms {
    let halves = output.chunked(2, axis: 1)
    return diffusion.terms(
      prediction: halves[0], varianceLogits: halves[1], clean: clean, noise: noise, at: timesteps)
  }

  @Test func theLossMeetsTheGoldenNumbers() throws {
    let clean = GoldenFill.input("in.x0", [2, 4, 3, 4, 4])
    let noise = GoldenFill.input("in.eps", [2, 4, 3, 4, 4], amplitude: 3.0.squareRoot())
    let output = GoldenFill.input("in.out", [2, 8, 3, 4, 4], amplitude: 1.2)
    let early = terms(output, clean: clean, noise: noise, at: [0, 613])
    let late = terms(output, clean: clean, noise: noise, at: [1, 999])
    expectValues(early.squaredError, [1.2622212, 1.3115062], tolerance: 1e-6)
    expectValues(try #require(early.variationalBound), [2.7030060, 0.0120562], tolerance: 2e-5)
    expectValues(try #require(late.variationalBound), [0.8432203, 0.0193080], tolerance: 2e-5)
  }

  @Test func oneReverseStepMeetsTheGoldenNumbers() throws {
    let respaced = GaussianDiffusion(schedule: try NoiseSchedule.linear().respaced(30))
    let noisy = GoldenFill.input("in.xT", [1, 4, 2, 3, 3], amplitude: 3.0.squareRoot())
    let output = toyNetwork(AVLatents(video: noisy, audio: noisy), at: 517)
    let step = respaced.reverse(
      from: noisy, noise: output.prediction.video, varianceLogits: try #require(output.varianceLogits).video,
      at: [15])
    expectGolden(
      step.mean, shape: [1, 4, 2, 3, 3], mean: -0.0906457, deviation: 1.0669402,
      first: [-0.089869, -0.421922, 1.799421], tolerance: 1e-5)
    for (value, golden) in zip(step.logVariance.floats, [-1.225781, -1.226736, -1.222566] as [Float]) {
      #expect(abs(value - golden) < 1e-5)
    }
  }

  @Test func theBoundTrainsOnlyTheVariance() throws {
    let clean = GoldenFill.input("clean", [2, 4, 1, 2, 2])
    let noise = GoldenFill.input("noise", [2, 4, 1, 2, 2])
    let prediction = GoldenFill.input("prediction", [2, 4, 1, 2, 2]).requireGradient()
    let logits = GoldenFill.input("logits", [2, 4, 1, 2, 2]).requireGradient()
    let terms = diffusion.terms(
      prediction: prediction, varianceLogits: logits, clean: clean, noise: noise, at: [0, 400])
    let bound = gradients(of: try #require(terms.variationalBound).sum, in: [prediction, logits])
    #expect(bound[0] == nil)
    let slope = try #require(bound[1])
    #expect(slope.isFinite.allTrue && slope.abs.maximum.item > 0)
    let error = gradients(of: terms.squaredError.sum, in: [prediction])
    let expected = (prediction.detached - noise) * (2.0 / 16)
    #expect(Difference(try #require(error[0]), expected).absolute < 1e-6)
  }

  @Test(arguments: [(0, 0.0005), (50, 0.154897), (100, 0.585709), (150, 1), (999, 1)] as [(Double, Double)])
  func minSNRTakesWeightFromTheNearlyCleanSteps(timestep: Double, weight: Double) {
    let weighted = GaussianDiffusion(schedule: .linear(), weighting: .minSNR(5))
    #expect(abs(weighted.weight(at: timestep) - weight) < 1e-6)
    #expect(diffusion.weight(at: timestep) == 1)
  }

  @Test func timestepsCoverTheSchedule() {
    let drawn = diffusion.drawTimesteps(20_000, generator: Generator(seed: 1))
    #expect(drawn.allSatisfy { (0...999).contains($0) && $0 == $0.rounded() })
    #expect(drawn.contains(0) && drawn.contains(999))
    #expect(abs(drawn.reduce(0, +) / 20_000 - 499.5) < 10)
  }
}

@Suite struct DiffusionOfFlowTests {
  @Test func theVelocityPointsFromNoiseToData() {
    let flow = RectifiedFlow()
    let clean = GoldenFill.input("clean", [2, 8, 5, 2])
    let noise = GoldenFill.input("noise", [2, 8, 5, 2])
    let noisy = flow.addNoise(noise, to: clean, at: [250, 1000])
    #expect(Difference(noisy.selected(0, 0), (0.75 * clean + 0.25 * noise).selected(0, 0)).absolute < 1e-6)
    #expect(noisy.selected(0, 1).floats == noise.selected(0, 1).floats)
    let perfect = flow.terms(
      prediction: clean - noise, varianceLogits: nil, clean: clean, noise: noise, at: [250, 1000])
    #expect(perfect.squaredError.floats == [0, 0])
    #expect(perfect.variationalBound == nil)
    let off = flow.terms(
      prediction: clean - noise + 0.5, varianceLogits: nil, clean: clean, noise: noise, at: [250, 1000])
    expectValues(off.squaredError, [0.25, 0.25], tolerance: 1e-6)
  }

  @Test(
    arguments: [
      (RectifiedFlow(), 500.0),
      (RectifiedFlow(distribution: .logitNormal()), 500),
      (RectifiedFlow(distribution: .logitNormal(mean: 1, deviation: 0.01)), 731.06),
      (RectifiedFlow(distribution: .logitNormal(deviation: 1e-6), shift: 3), 750),
    ] as [(RectifiedFlow, Double)])
  func timesAreDrawnAsConfigured(flow: RectifiedFlow, mean: Double) {
    let drawn = flow.drawTimesteps(20_000, generator: Generator(seed: 2))
    #expect(drawn.allSatisfy { (0...1000).contains($0) })
    #expect(abs(drawn.reduce(0, +) / 20_000 - mean) < 8)
  }

  @Test func theLogitNormalPrefersTheMiddle() {
    func middle(_ flow: RectifiedFlow) -> Double {
      let drawn = flow.drawTimesteps(20_000, generator: Generator(seed: 3))
      return Double(drawn.count { (250...750).contains($0) }) / 20_000
    }
    #expect(abs(middle(RectifiedFlow()) - 0.5) < 0.02)
    // P(|z| < ln 3) for a standard normal z.
    #expect(abs(middle(RectifiedFlow(distribution: .logitNormal())) - 0.728) < 0.02)
  }
}

func expectValues(
  _ tensor: Tensor, _ expected: [Double], tolerance: Double, location: SourceLocation = #_sourceLocation
) {
  let values = tensor.values(as: Double.self)
  #expect(values.count == expected.count, sourceLocation: location)
  for (value, golden) in zip(values, expected) {
    #expect(abs(value - golden) < tolerance, "\(value) for \(golden)", sourceLocation: location)
  }
}
