public import Torch
public import UniForm

/// How one network is optimised; a section of a training configuration.
public struct OptimizationSettings: JSONConfiguration {
  /// Clips (or windows) per update, over all workers of all processes.
  public var batchSize = 32
  public var steps = 10_000
  public var learningRate = 1e-4
  public var warmupSteps = 1_000
  /// Share of the run over which the rate falls to zero; 0 keeps it constant, as in the paper.
  public var decayFraction = 0.0
  public var beta1 = 0.9
  public var beta2 = 0.999
  public var epsilon = 1e-8
  public var weightDecay = 0.0
  /// The largest 2-norm of the gradient over all parameters.
  public var gradientClip = 1.0
  /// Parts that a worker's share of the batch is computed in, one after another, to save memory.
  public var accumulation = 1
  public var emaDecay = 0.9999
  /// "float32", "bfloat16" or "auto", the one that the device multiplies faster: the dtype of activations; parameters,
  /// moments and averages stay float32.
  public var dtype = "float32"

  public init() {}

  enum CodingKeys: String, CodingKey {
    case steps, epsilon, accumulation, dtype, beta1, beta2
    case batchSize = "batch_size"
    case learningRate = "learning_rate"
    case warmupSteps = "warmup_steps"
    case decayFraction = "decay_fraction"
    case weightDecay = "weight_decay"
    case gradientClip = "gradient_clip"
    case emaDecay = "ema_decay"
  }

  public func validate() throws(ConfigurationError) {
    guard batchSize > 0, steps > 0, accumulation > 0, warmupSteps >= 0 else {
      throw ConfigurationError(
        "batch_size, steps and accumulation must be positive, warmup_steps not negative")
    }
    guard max(batchSize, accumulation) <= 1 << 24, max(steps, warmupSteps) <= 1 << 48 else {
      throw ConfigurationError("batch_size and accumulation end at 2^24, steps and warmup_steps at 2^48")
    }
    guard learningRate > 0, gradientClip > 0, epsilon > 0, (0..<1).contains(emaDecay),
      (0...1).contains(decayFraction)
    else {
      throw ConfigurationError(
        "learning_rate, gradient_clip and epsilon must be positive, ema_decay in 0..<1, decay_fraction in 0...1"
      )
    }
    guard (0..<1).contains(beta1), (0..<1).contains(beta2), weightDecay >= 0 else {
      throw ConfigurationError("beta1 and beta2 must be in 0..<1, weight_decay not negative")
    }
    guard ["auto", "float32", "bfloat16"].contains(dtype) else {
      throw ConfigurationError("dtype must be auto, float32 or bfloat16, not \"\(dtype)\"")
    }
  }

  public func activationType(on device: Device) -> DType {
    switch dtype {
    case "auto": .fastest(on: device)
    case "bfloat16": .bfloat16
    default: .float32
    }
  }
  var schedule: LearningRateSchedule {
    LearningRateSchedule(peak: learningRate, warmupSteps: warmupSteps, decayFraction: decayFraction)
  }
  var adamW: AdamW.Configuration {
    AdamW.Configuration(beta1: beta1, beta2: beta2, epsilon: epsilon, weightDecay: weightDecay)
  }
}
