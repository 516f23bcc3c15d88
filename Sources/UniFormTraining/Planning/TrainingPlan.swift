/// What a training run will take, known before it begins.
///
/// A step of the trainer is run on tensors without elements (`DryRun`), forward and backward: the plan follows the
/// trainer and its configuration.
public struct TrainingPlan: Sendable, Encodable {
  /// What is trained: `transformer`, `video-vae`, `audio-vae`, `vocoder` or `judges`.
  public let part: String
  public let workers: Int
  /// Clips, or windows, of one worker in a step.
  public let share: Int
  public let steps: Int
  public let dtype: String
  /// Elements that learn, those of an adversary among them.
  public let parameters: Int
  /// Of all workers: parameters, those under adapters included, and the gradients of a step; bytes.
  public let parameterBytes: Int
  public let gradientBytes: Int
  /// Moments of the optimiser and the slow average, which exist once.
  public let optimizerBytes: Int
  public let averageBytes: Int
  /// Activations of all workers at the worst moment.
  public let activationBytes: Int
  /// Clips that are held, and frozen networks.
  public let dataBytes: Int
  public let processBytes: Int
  /// Of one checkpoint, and how many lie on disk at the worst moment.
  public let checkpointBytes: Int
  public let checkpoints: Int
  /// Of the weights at the end.
  public let weightBytes: Int
  /// Of the encoded clips on disk.
  public let cacheBytes: Int
  /// Nil without a `MachineSpeed`.
  public let secondsPerStep: Double?

  enum CodingKeys: String, CodingKey {
    case part, workers, share, steps, dtype, parameters, checkpoints
    case parameterBytes = "parameter_bytes"
    case gradientBytes = "gradient_bytes"
    case optimizerBytes = "optimizer_bytes"
    case averageBytes = "average_bytes"
    case activationBytes = "activation_bytes"
    case dataBytes = "data_bytes"
    case processBytes = "process_bytes"
    case checkpointBytes = "checkpoint_bytes"
    case weightBytes = "weight_bytes"
    case cacheBytes = "cache_bytes"
    case secondsPerStep = "seconds_per_step"
  }
}

extension TrainingPlan {
  public var peakBytes: Int {
    parameterBytes + gradientBytes + optimizerBytes + averageBytes + activationBytes + dataBytes
      + processBytes
  }

  /// Of the whole run.
  public var seconds: Double? { secondsPerStep.map { $0 * Double(steps) } }

  public var diskBytes: Int { checkpoints * checkpointBytes + weightBytes + cacheBytes }
}
