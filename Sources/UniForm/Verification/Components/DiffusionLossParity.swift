internal import Torch

extension ParityComponent {
  /// Squared error and variational bound of a network output that holds the noise, then the variance logits.
  public static let diffusionLoss = ParityComponent("iddpm-loss") { run in
    let c = try run.configuration(LossConfiguration.self)
    let schedule = NoiseSchedule(c.noiseSchedule, steps: c.steps)
    let clean = try run.input("x0", "B", "C", .rest)
    let noise = try run.input("eps", "B", "C", .rest)
    let output = try run.input("model_output", "B", .length(2 * clean.size(1)), .rest).chunked(2, axis: 1)
    let timesteps = try run.input("t", "B", holding: .integers(0...c.steps - 1)).values(as: Double.self)
    let terms = GaussianDiffusion(schedule: schedule).terms(
      prediction: output[0], varianceLogits: output[1], clean: clean, noise: noise, at: timesteps)
    try run.compare(terms.squaredError, "mse")
    if let bound = terms.variationalBound { try run.compare(bound, "vb") }
  }
}

/// The arguments of improved-diffusion's process; only those of the published models are supported.
private struct LossConfiguration: JSONConfiguration {
  var noiseSchedule = NoiseSchedule.Kind.linear
  var steps = 1000
  var meanType = "epsilon"
  var varianceType = "learned_range"
  var lossType = "MSE"
  var rescalesTimesteps = false

  enum CodingKeys: String, CodingKey {
    case noiseSchedule = "noise_schedule"
    case steps = "diffusion_steps"
    case meanType = "model_mean_type"
    case varianceType = "model_var_type"
    case lossType = "loss_type"
    case rescalesTimesteps = "rescale_timesteps"
  }

  func validate() throws(ConfigurationError) {
    var process = DiffusionConfiguration()
    (process.noiseSchedule, process.trainingSteps) = (noiseSchedule, steps)
    try process.validate()
    guard meanType == "epsilon", varianceType == "learned_range", lossType == "MSE", !rescalesTimesteps else {
      throw ConfigurationError(
        "supported are model_mean_type epsilon, model_var_type learned_range, loss_type MSE and no "
          + "rescale_timesteps")
    }
  }
}
