public import UniForm

/// When a run is saved, and what of that is kept.
public struct CheckpointSettings: JSONConfiguration {
  /// Steps between two checkpoints.
  public var every = 1_000
  /// How many of the last ones are kept.
  public var keep = 3
  /// A checkpoint at a multiple of so many steps is kept for good; 0 keeps none.
  public var milestoneEvery = 0

  public init() {}

  enum CodingKeys: String, CodingKey {
    case every, keep
    case milestoneEvery = "milestone_every"
  }

  /// Checkpoints that lie on disk at the worst moment of so many steps: those that are kept, and the one being written.
  func countOnDisk(steps: Int) -> Int {
    let saves = max(1, (steps + every - 1) / every)
    let before = (1..<saves).lazy.map { $0 * every }
    let milestones = milestoneEvery > 0 ? before.dropLast(keep).count { $0 % milestoneEvery == 0 } : 0
    return min(keep, saves - 1) + milestones + 1
  }

  public func validate() throws(ConfigurationError) {
    guard (1...1 << 48).contains(every), keep > 0, milestoneEvery >= 0 else {
      throw ConfigurationError("checkpoints: every and keep must be positive, milestone_every not negative")
    }
  }
}

/// What is written down about a run.
public struct LogSettings: JSONConfiguration {
  /// Steps that one line of `metrics.jsonl` is the mean of.
  public var every = 10
  /// Whether events for TensorBoard are written, too.
  public var tensorboard = true

  public init() {}

  public func validate() throws(ConfigurationError) {
    guard every > 0 else { throw ConfigurationError("log: every must be positive") }
  }
}

/// What is generated on the way, to be seen and heard: the same clips each time, with the averaged weights.
public struct SampleSettings: JSONConfiguration {
  /// Steps between two samplings; 0 makes none.
  public var every = 0
  /// A clip is made from each of these captions.
  public var prompts: [String] = []
  /// Sound is made for each of these files.
  public var videos: [String] = []
  /// Pictures are made for each of these files.
  public var sounds: [String] = []
  /// Of denoising; 0 takes the model's default.
  public var steps = 0
  public var seed: UInt64 = 0

  public init() {}

  public func validate() throws(ConfigurationError) {
    guard every >= 0, steps >= 0 else {
      throw ConfigurationError("samples: every and steps must not be negative")
    }
    guard every == 0 || !(prompts.isEmpty && videos.isEmpty && sounds.isEmpty) else {
      throw ConfigurationError("samples: give prompts, videos or sounds to make samples of")
    }
  }
}
