/// The settings of a sampler in a fixture, by the field names of improved-diffusion and PixArt.
struct SamplerConfiguration: JSONConfiguration {
  enum Method: String, Codable {
    case ddpm, ddim
    case dpmSolver = "dpm-solver++"
  }

  var method = Method.ddpm
  var steps = 30
  var diffusionSteps = 1000
  var noiseSchedule = NoiseSchedule.Kind.linear
  /// The number of steps, with `ddim` before it for multiples of a whole stride.
  var respacing: String?
  var variance = DDPMScheduler.Variance.learnedRange
  var eta = 0.0

  /// Fields that allow a single value here.
  var order = 2
  var algorithm = "dpmsolver++"
  var spacing = "time_uniform"
  var endsInFirstOrder = true

  static let optionalKeys: Set<String> = ["timestep_respacing"]

  enum CodingKeys: String, CodingKey {
    case method = "sampler"
    case steps
    case diffusionSteps = "diffusion_steps"
    case noiseSchedule = "noise_schedule"
    case respacing = "timestep_respacing"
    case variance = "model_var_type"
    case eta, order
    case algorithm = "algorithm_type"
    case spacing = "skip_type"
    case endsInFirstOrder = "lower_order_final"
  }

  func validate() throws(ConfigurationError) {
    try process.validate()
    guard [nil, "\(steps)", "ddim\(steps)"].contains(respacing) else {
      throw ConfigurationError(
        "timestep_respacing \"\(respacing ?? "")\" is neither \(steps) nor ddim\(steps)")
    }
    guard (0...1).contains(eta) else { throw ConfigurationError("eta \(eta) is not in 0…1") }
    guard order == 2, algorithm == "dpmsolver++", spacing == "time_uniform", endsInFirstOrder else {
      throw ConfigurationError(
        "supported are order 2, algorithm_type dpmsolver++, skip_type time_uniform and lower_order_final")
    }
  }

  private var process: DiffusionConfiguration {
    var process = DiffusionConfiguration(objective: .epsilon)
    (process.noiseSchedule, process.trainingSteps) = (noiseSchedule, diffusionSteps)
    return process
  }

  func scheduler() throws(DiffusionError) -> any Scheduler {
    let sampler: Sampler =
      switch method {
      case .ddpm: .ddpm
      case .ddim: .ddim
      case .dpmSolver: .dpmSolver
      }
    guard respacing?.hasPrefix("ddim") == true, method != .dpmSolver else {
      return try process.scheduler(sampler, steps: steps, eta: eta, variance: variance)
    }
    let schedule = try process.schedule.respaced(steps, spacing: .wholeStride)
    return method == .ddim
      ? DDIMScheduler(schedule: schedule, eta: eta) : DDPMScheduler(schedule: schedule, variance: variance)
  }
}
