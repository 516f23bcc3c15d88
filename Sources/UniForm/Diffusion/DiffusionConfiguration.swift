/// What a model predicts.
public enum Objective: String, Sendable, Codable, CaseIterable {
  /// The noise ε, and logits of the variance (``GaussianDiffusion``).
  case epsilon
  /// The velocity x₀ − n (``RectifiedFlow``).
  case velocity

  /// The samplers that fit, the default first.
  public var samplers: [Sampler] {
    switch self {
    case .epsilon: [.ddpm, .ddim, .dpmSolver]
    case .velocity: [.euler, .heun]
    }
  }
}

/// The sampling methods, by their names on the command line.
public enum Sampler: String, Sendable, Codable, CaseIterable {
  case ddpm, ddim
  case dpmSolver = "dpm++"
  case euler, heun
}

/// The diffusion process that a model was trained for: `scheduler/scheduler_config.json` of a model directory.
public struct DiffusionConfiguration: JSONConfiguration {
  public var objective = Objective.epsilon
  /// For ``Objective/epsilon``.
  public var noiseSchedule = NoiseSchedule.Kind.linear
  /// Steps of the noise schedule.
  public var trainingSteps = 1000
  /// For ``Objective/velocity``: ρ of ``RectifiedFlow/shift``.
  public var timestepShift = 1.0

  public init() {}

  public init(objective: Objective) { self.objective = objective }

  enum CodingKeys: String, CodingKey {
    case objective
    case noiseSchedule = "noise_schedule"
    case trainingSteps = "training_steps"
    case timestepShift = "timestep_shift"
  }

  public func validate() throws(ConfigurationError) {
    // Fewer linear steps would need a β of one or more.
    let allowed = noiseSchedule == .linear ? 21...1000 : 2...1000
    guard allowed.contains(trainingSteps) else {
      throw ConfigurationError(
        "\"training_steps\" is \(trainingSteps), not in \(allowed.lowerBound)…\(allowed.upperBound)")
    }
    guard timestepShift > 0 else {
      throw ConfigurationError("\"timestep_shift\" is \(timestepShift), not positive")
    }
  }

  /// The schedule of training.
  public var schedule: NoiseSchedule { NoiseSchedule(noiseSchedule, steps: trainingSteps) }

  /// The process to train with.
  ///
  /// - Parameters:
  ///   - weighting: γ_t of noise prediction.
  ///   - times: how the times of rectified flow are drawn.
  public func process(
    weighting: GaussianDiffusion.Weighting = .uniform, times: RectifiedFlow.TimeDistribution = .uniform
  ) -> any DiffusionProcess {
    switch objective {
    case .epsilon: GaussianDiffusion(schedule: schedule, weighting: weighting)
    case .velocity: RectifiedFlow(distribution: times, shift: timestepShift)
    }
  }

  /// - Parameters:
  ///   - sampler: the model's default where nil.
  ///   - eta: of DDIM, 0…1; the others have none.
  /// - Throws: ``DiffusionError`` for a sampler that does not fit the model, and for numbers out of range.
  public func scheduler(
    _ sampler: Sampler? = nil, steps: Int, eta: Double = 0, variance: DDPMScheduler.Variance = .learnedRange
  ) throws(DiffusionError) -> any Scheduler {
    let sampler = sampler ?? objective.samplers[0]
    guard objective.samplers.contains(sampler) else { throw .samplerDoesNotFit(sampler, objective) }
    guard (0...1).contains(eta) else { throw .invalid(setting: "eta", value: eta, allowed: "in 0…1") }
    return switch sampler {
    case .ddpm: DDPMScheduler(schedule: try schedule.respaced(steps), variance: variance)
    case .ddim: DDIMScheduler(schedule: try schedule.respaced(steps), eta: eta)
    case .dpmSolver: try DPMSolverScheduler(schedule: schedule, steps: steps)
    case .euler: try FlowEulerScheduler(steps: steps, shift: timestepShift)
    case .heun: try FlowHeunScheduler(steps: steps, shift: timestepShift)
    }
  }
}
