/// How far the clip in the making is.
public struct ClipProgress: Codable, Sendable, Equatable {
  public var job: String
  public var stage: String
  public var step: Int
  public var steps: Int
  /// Steps per second, once known.
  public var rate: Double?
  /// Of this stage.
  public var secondsLeft: Double?
  /// Resident memory of the worker.
  public var memoryBytes: Int?

  public init(
    job: String, stage: String, step: Int, steps: Int, rate: Double? = nil, secondsLeft: Double? = nil,
    memoryBytes: Int? = nil
  ) {
    self.job = job
    self.stage = stage
    self.step = step
    self.steps = steps
    self.rate = rate
    self.secondsLeft = secondsLeft
    self.memoryBytes = memoryBytes
  }

  enum CodingKeys: String, CodingKey {
    case job, stage, step, steps, rate
    case secondsLeft = "seconds_left"
    case memoryBytes = "memory_bytes"
  }
}

/// A picture of what the clip in the making is about to become.
public struct ClipPreview: Codable, Sendable, Equatable {
  public var job: String
  /// Its name in the job's folder; the next one has the same.
  public var file: String
  /// Steps that were done.
  public var step: Int

  public init(job: String, file: String, step: Int) {
    self.job = job
    self.file = file
    self.step = step
  }
}

/// A clip that was written.
public struct FinishedClip: Codable, Sendable, Equatable {
  /// Names in the job's folder; nil of what the clip does not have.
  public struct Files: Codable, Sendable, Equatable {
    public var clip = "clip.mp4"
    public var sound: String? = "clip.wav"
    public var sheet: String? = "sheet.png"
    /// One picture, from the middle of the clip.
    public var poster: String? = "poster.png"
    public var peaks: String? = "peaks.json"

    public init() {}
  }

  public var job: String
  public var files: Files
  /// The record that is stored in the clip, too.
  public var settings: [String: JSONValue]
  /// Of wall clock.
  public var seconds: Double
  /// What the user should know, one line each.
  public var notes: [String]

  public init(
    job: String, files: Files = Files(), settings: [String: JSONValue], seconds: Double, notes: [String]
  ) {
    self.job = job
    self.files = files
    self.settings = settings
    self.seconds = seconds
    self.notes = notes
  }
}

/// What a clip would take.
public struct ClipPlan: Codable, Sendable, Equatable {
  public var seconds: Double
  public var peakBytes: Int

  public init(seconds: Double, peakBytes: Int) {
    self.seconds = seconds
    self.peakBytes = peakBytes
  }

  enum CodingKeys: String, CodingKey {
    case seconds
    case peakBytes = "peak_bytes"
  }
}
