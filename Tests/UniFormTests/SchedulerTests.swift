import Foundation
import Testing
import Torch
import UniForm

/// The network of the sampler fixtures.
func toyNetwork(_ state: AVLatents, at timestep: Double) -> ModelOutput {
  SamplerWalk.network(state, at: timestep)
}

/// Walks a scheduler over the same tensor in both modalities.
func walk(
  _ scheduler: any Scheduler, from start: Tensor, noise: (Int) -> Tensor = { _ in Tensor(Float.nan) },
  network: (AVLatents, Double) -> ModelOutput = toyNetwork
) -> Tensor {
  let sample = SamplerWalk.sample(from: start, with: scheduler, network: network, noise: noise)
  #expect(Difference(sample.video, sample.audio).absolute == 0)
  return sample.video
}

@Suite struct SchedulerTests {
  let start = GoldenFill.input("in.xT", [1, 4, 2, 3, 3], amplitude: 3.0.squareRoot())

  /// What the network is trained to say of a state leads back to the clean latents, at every time.
  @Test(arguments: [
    (Objective.velocity, Sampler.euler), (.velocity, .heun), (.epsilon, .ddim),
  ])
  func theEstimateOfAPerfectAnswerIsTheCleanClip(
    objective: Objective, sampler: Sampler
  ) throws {
    let scheduler = try DiffusionConfiguration(objective: objective).scheduler(sampler, steps: 8)
    func both(_ tensor: Tensor) -> AVLatents { AVLatents(video: tensor, audio: tensor * 2) }
    let (clean, noise) = (both(start), both(GoldenFill.input("in.noise", start.shape, amplitude: 1)))
    for (index, evaluation) in scheduler.evaluations.enumerated() {
      let signal = evaluation.signalScale
      let isVelocity = objective == .velocity
      let state = signal * clean + (isVelocity ? 1 - signal : (1 - signal * signal).squareRoot()) * noise
      let estimate = scheduler.estimate(isVelocity ? clean - noise : noise, at: index, state: state)
      // Far from the clip the noise is divided by a small number.
      #expect(Difference(estimate.video, clean.video).absolute < 1e-3, "at \(index)")
      #expect(Difference(estimate.audio, clean.audio).absolute < 1e-3, "at \(index)")
    }
  }

  @Test func ddimMeetsTheGoldenNumbers() throws {
    let scheduler = try DiffusionConfiguration().scheduler(.ddim, steps: 30)
    expectGolden(
      walk(scheduler, from: start), shape: [1, 4, 2, 3, 3], mean: -6.0063692, deviation: 30.1581835,
      first: [-4.767478, -13.615683, 48.777493, 3.126241, -45.535690, -48.742100],
      last: [-35.724159, 10.483886, 16.166845], tolerance: 5e-4)
  }

  @Test func ancestralStepsWithoutNoiseMeetTheGoldenNumbers() throws {
    let scheduler = try DiffusionConfiguration().scheduler(.ddpm, steps: 30)
    expectGolden(
      walk(scheduler, from: start, noise: { _ in start.zerosLike }), shape: [1, 4, 2, 3, 3],
      mean: -3.0006615, deviation: 7.6488262,
      first: [-1.692390, -4.234931, 11.372564, -0.298128, -13.113322, -14.145132], tolerance: 2e-4)
  }

  @Test(arguments: [
    (
      20, -5.3514573, 27.3382300,
      [-4.081653, -12.150688, 44.332359, 2.806397, -41.303524, -44.116566] as [Float]
    ),
    (30, -5.3068474, 27.1437344, [-4.041608, -12.064584, 44.042538]),
  ])
  func dpmSolverMeetsTheGoldenNumbers(steps: Int, mean: Double, deviation: Double, first: [Float]) throws {
    let scheduler = try DiffusionConfiguration().scheduler(.dpmSolver, steps: steps)
    expectGolden(
      walk(scheduler, from: start), shape: [1, 4, 2, 3, 3], mean: mean, deviation: deviation, first: first,
      tolerance: 3e-4)
  }

  @Test func dpmSolverTellsTheNetworkFractions() throws {
    let told = try DPMSolverScheduler(schedule: .linear(), steps: 20).timesteps
    for (value, golden) in zip(told, [999, 949.05, 899.1]) { #expect(abs(value - golden) < 1e-9) }
    #expect(abs(told[19] - 49.95) < 1e-9)
  }

  @Test func aSchedulerForgetsItsLastTrajectory() throws {
    for sampler in [Sampler.dpmSolver, .heun] {
      let objective: Objective = sampler == .heun ? .velocity : .epsilon
      var scheduler = try DiffusionConfiguration(objective: objective).scheduler(sampler, steps: 4)
      func run() -> [Float] {
        var state = AVLatents(video: start, audio: start)
        for (index, evaluation) in scheduler.evaluations.enumerated() {
          state = scheduler.step(
            toyNetwork(state, at: evaluation.timestep), at: index, state: state, noise: { state })
        }
        return state.video.floats
      }
      #expect(run() == run())
    }
  }

  @Test func fixedSmallVarianceIgnoresTheLogits() throws {
    let scheduler = try DiffusionConfiguration().scheduler(.ddpm, steps: 5, variance: .fixedSmall)
    let noise = { (index: Int) in GoldenFill.input("noise.\(index)", start.shape) }
    let plain = walk(
      scheduler, from: start, noise: noise,
      network: { ModelOutput(prediction: toyNetwork($0, at: $1).prediction) })
    #expect(plain.floats == walk(scheduler, from: start, noise: noise).floats)
    // One step by hand: mean plus the deviation of equation 9.
    let schedule = try NoiseSchedule.linear().respaced(5)
    var first = scheduler
    let state = AVLatents(video: start, audio: start)
    let output = toyNetwork(state, at: 999)
    func after(_ noise: Double) -> Tensor {
      first.step(output, at: 0, state: state) { state.map { $0.onesLike * noise } }.video
    }
    let spread = (after(1) - after(0)).floats
    for value in spread { #expect(abs(Double(value) - schedule.posteriorVariance[4].squareRoot()) < 1e-5) }
  }

  @Test func ddimAtEtaOneIsAncestralSamplingOfFixedSmallVariance() throws {
    let noise = { (index: Int) in GoldenFill.input("noise.\(index)", start.shape) }
    let ddim = try DiffusionConfiguration().scheduler(.ddim, steps: 20, eta: 1)
    let ddpm = try DiffusionConfiguration().scheduler(.ddpm, steps: 20, variance: .fixedSmall)
    let difference = Difference(
      walk(ddim, from: start, noise: noise), walk(ddpm, from: start, noise: noise))
    #expect(difference.absolute < 1e-3, "\(difference)")
  }

  @Test(arguments: Sampler.allCases, [1, 2, 7])
  func everySamplerEndsInFiniteValues(sampler: Sampler, steps: Int) throws {
    let objective = try #require(Objective.allCases.first { $0.samplers.contains(sampler) })
    let scheduler = try DiffusionConfiguration(objective: objective).scheduler(sampler, steps: steps)
    #expect(walk(scheduler, from: start, noise: { _ in start }).isFinite.allTrue)
    let told = scheduler.timesteps
    #expect(zip(told, told.dropFirst()).allSatisfy(>=) && told.allSatisfy { (0...1000).contains($0) })
  }
}

@Suite struct SchedulerOfFlowTests {
  @Test func oneEulerStepAlongTheTrueVelocityRecoversTheData() throws {
    let clean = GoldenFill.input("clean", [2, 4, 2, 2, 2])
    let noise = GoldenFill.input("noise", [2, 4, 2, 2, 2])
    let sample = walk(
      try FlowEulerScheduler(steps: 1), from: noise,
      network: { state, _ in ModelOutput(prediction: state.map { _ in clean - noise }) })
    #expect(Difference(sample, clean).absolute < 1e-6)
  }

  /// dx/ds = x·cos(3s) with s = 1 − u has the solution x₀·exp(sin(3s)/3).
  private func error(_ scheduler: any Scheduler) -> Double {
    let end = walk(
      scheduler, from: Tensor([1.0, -2.0], shape: [2, 1]),
      network: { ModelOutput(prediction: $0 * Foundation.cos(3 * (1 - $1 / 1000))) })
    return abs(end.values(as: Double.self)[0] - Foundation.exp(Foundation.sin(3.0) / 3))
  }

  @Test func eulerIsOfFirstOrderAndHeunOfSecond() throws {
    for steps in [40, 80] {
      let euler =
        try error(FlowEulerScheduler(steps: steps)) / error(FlowEulerScheduler(steps: 2 * steps))
      let heun = try error(FlowHeunScheduler(steps: steps)) / error(FlowHeunScheduler(steps: 2 * steps))
      #expect((1.8...2.2).contains(euler), "\(euler)")
      #expect((3.6...4.4).contains(heun), "\(heun)")
    }
  }

  @Test func heunNeverAsksAboutDataWithoutNoise() throws {
    let told = try FlowHeunScheduler(steps: 4).timesteps
    #expect(told == [1000, 750, 750, 500, 500, 250, 250])
  }

  @Test func theShiftMovesTimesTowardsTheNoise() throws {
    let told = try FlowEulerScheduler(steps: 4, shift: 3).timesteps
    for (value, expected) in zip(told, [1000.0, 900, 750, 500]) { #expect(abs(value - expected) < 1e-9) }
  }
}

@Suite struct SchedulerChoiceTests {
  @Test(arguments: Objective.allCases, Sampler.allCases)
  func onlyFittingSamplersAreAccepted(objective: Objective, sampler: Sampler) throws {
    let configuration = DiffusionConfiguration(objective: objective)
    if objective.samplers.contains(sampler) {
      #expect(throws: Never.self) { try configuration.scheduler(sampler, steps: 10) }
    } else {
      #expect(throws: DiffusionError.samplerDoesNotFit(sampler, objective)) {
        try configuration.scheduler(sampler, steps: 10)
      }
    }
  }

  @Test func theRefusalNamesWhatFits() {
    #expect(
      DiffusionError.samplerDoesNotFit(.dpmSolver, .velocity).description
        == "sampler: dpm++ does not fit a model that predicts velocity; use euler, heun")
  }

  @Test func theDefaultFitsTheModel() throws {
    #expect(try DiffusionConfiguration(objective: .epsilon).scheduler(steps: 2) is DDPMScheduler)
    #expect(try DiffusionConfiguration(objective: .velocity).scheduler(steps: 2) is FlowEulerScheduler)
  }

  @Test(arguments: Sampler.allCases, [0, -3, 1001])
  func impossibleStepCountsAreRefused(sampler: Sampler, steps: Int) throws {
    let objective = try #require(Objective.allCases.first { $0.samplers.contains(sampler) })
    #expect(throws: DiffusionError.steps(steps, maximum: 1000)) {
      try DiffusionConfiguration(objective: objective).scheduler(sampler, steps: steps)
    }
  }

  @Test func settingsOutOfRangeAreRefused() {
    #expect(throws: DiffusionError.self) {
      try DiffusionConfiguration().scheduler(.ddim, steps: 5, eta: 1.5)
    }
    #expect(throws: DiffusionError.self) { try FlowEulerScheduler(steps: 5, shift: 0) }
    #expect(throws: ConfigurationError.self) {
      try DiffusionConfiguration(json: Data(#"{"timestep_shift": -1}"#.utf8), source: "diffusion.json")
    }
  }

  @Test func trainingAndSamplingMeanTheSameProcess() throws {
    let clean = GoldenFill.input("clean", [1, 8, 5, 2])
    for objective in Objective.allCases {
      var configuration = DiffusionConfiguration(objective: objective)
      configuration.trainingSteps = 500
      configuration.timestepShift = 2
      let process = configuration.process()
      for sampler in objective.samplers {
        for evaluation in try configuration.scheduler(sampler, steps: 3).evaluations {
          // DPM-Solver++ visits times between the steps of training; its first is one of them.
          guard evaluation.timestep == evaluation.timestep.rounded() || objective == .velocity else {
            continue
          }
          let signal = process.addNoise(clean.zerosLike, to: clean, at: [evaluation.timestep])
          #expect(Difference(signal, clean * evaluation.signalScale).absolute < 1e-6, "\(sampler)")
        }
      }
    }
  }

  @Test func theConfigurationSurvivesItsFile() throws {
    var configuration = DiffusionConfiguration(objective: .velocity)
    configuration.timestepShift = 2
    let copy = try DiffusionConfiguration(json: configuration.json(), source: "diffusion.json")
    #expect(copy == configuration)
  }
}
