public import Torch
public import UniForm

/// What can be trained, by the names that configurations give them.
public enum TrainingSubject: String, Codable, Sendable, CaseIterable {
  case tokenizer
  case videoVAE = "video-vae"
  case audioVAE = "audio-vae"
  case vocoder
  case transformer
  /// The classifiers of scenes that the evaluation uses; no part of a model.
  case judges
}

/// What is particular to the training of one network.
public protocol TrainingRecipe: JSONConfiguration {
  static var subject: TrainingSubject { get }
  /// The same without what changes no weight, such as what is sampled on the way.
  var essence: Self { get }
  /// Whether a step depends on how many there will be.
  var dependsOnLength: Bool { get }
}

extension TrainingRecipe {
  public var essence: Self { self }
  public var dependsOnLength: Bool { false }
}

/// A whole training run in one file: what is trained, where, and how. Paths are relative to the working directory.
public struct TrainingConfiguration<Recipe: TrainingRecipe>: JSONConfiguration {
  public var subject = Recipe.subject
  /// The model directory: its configurations say what is built, and the trained weights go there. Of judges, their folder.
  public var model = ""
  /// Where checkpoints, metrics and samples go.
  public var run = ""
  /// A model directory whose weights training begins with; empty begins with random numbers.
  public var initialModel = ""
  /// Everything random follows from it.
  public var seed: UInt64 = 42
  /// "cpu", "cuda" or "mps".
  public var device = "cpu"
  /// Threads with a replica each, which share this process's part of the batch.
  public var workers = 1
  /// Saves and stops so many minutes after it was started; 0 does not.
  public var minutes = 0.0
  /// "stop", or "skip" to leave a step out whose loss or gradient is not finite.
  public var onNaN = "stop"
  /// How processes exchange gradients: "nccl" from GPU to GPU, "gloo" through the host's memory, which lets processes
  /// share a GPU, or "auto" for the one that suits the device.
  public var backend = "auto"
  /// Seconds without a sign of life after which another process counts as lost.
  public var timeout = 60.0
  public var recipe = Recipe()
  public var optimization = OptimizationSettings()
  public var checkpoints = CheckpointSettings()
  public var log = LogSettings()

  public init() {}

  public static var sections: Set<String> { ["recipe", "optimization", "checkpoints", "log"] }

  enum CodingKeys: String, CodingKey {
    case model, run, seed, device, workers, minutes, backend, timeout, recipe, optimization, checkpoints, log
    case subject = "train"
    case initialModel = "begin_from"
    case onNaN = "on_nan"
  }

  public func validate() throws(ConfigurationError) {
    guard !model.isEmpty else {
      throw ConfigurationError("\"model\" is missing: the model directory to train in")
    }
    guard !run.isEmpty else {
      throw ConfigurationError("\"run\" is missing: the folder for checkpoints and metrics")
    }
    guard ["cpu", "cuda", "mps"].contains(device) else {
      throw ConfigurationError("device must be cpu, cuda or mps, not \"\(device)\"")
    }
    guard ["auto", "gloo", "nccl"].contains(backend), backend != "nccl" || device == "cuda" else {
      throw ConfigurationError("backend must be auto, gloo or, with device cuda, nccl, not \"\(backend)\"")
    }
    guard (1...256).contains(workers), minutes >= 0, timeout > 0 else {
      throw ConfigurationError("workers must be in 1...256, minutes not negative, timeout positive")
    }
    guard ["stop", "skip"].contains(onNaN) else {
      throw ConfigurationError("on_nan must be stop or skip, not \"\(onNaN)\"")
    }
    try recipe.validate()
    try optimization.validate()
    try checkpoints.validate()
    try log.validate()
  }
}

extension TrainingConfiguration {
  /// Where to train.
  /// - Parameter localRank: of this process among those of the machine.
  public func device(localRank: Int = 0) -> Device {
    switch device {
    case "cuda": .cuda.assigned(toLocalRank: localRank)
    case "mps": .mps
    default: .cpu
    }
  }

  /// What a `ProcessGroup` exchanges gradients on.
  /// - Parameter device: where this process trains.
  public func exchange(_ device: Device) -> Device {
    backend == "gloo" || device.kind != .cuda ? .cpu : device
  }

  /// What the weights after each step follow from: not where the run, the model and the data lie, how many workers it
  /// has, or how it is watched. A run goes on only with the same.
  var essence: TrainingConfiguration {
    var result = TrainingConfiguration()
    (result.initialModel, result.seed) = (initialModel, seed)
    (result.recipe, result.optimization) = (recipe.essence, optimization)
    result.optimization.accumulation = 1
    // Otherwise a run that is to be longer is the same so far.
    if optimization.decayFraction == 0 && !recipe.dependsOnLength { result.optimization.steps = 0 }
    return result
  }
}
