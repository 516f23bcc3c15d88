/// What a worker runs, and what may be asked of it.
public struct WorkerDescription: Codable, Sendable, Equatable {
  /// What a request that says nothing gets.
  public struct Defaults: Codable, Sendable, Equatable {
    public var steps: Int
    public var guidance: Double
    public var seconds: Double
    public var width: Int
    public var height: Int
    public var frameRate: Int
    public var sampleRate: Int
    /// The first is the default.
    public var samplers: [String]

    public init(
      steps: Int, guidance: Double, seconds: Double, width: Int, height: Int, frameRate: Int, sampleRate: Int,
      samplers: [String]
    ) {
      self.steps = steps
      self.guidance = guidance
      self.seconds = seconds
      self.width = width
      self.height = height
      self.frameRate = frameRate
      self.sampleRate = sampleRate
      self.samplers = samplers
    }

    enum CodingKeys: String, CodingKey {
      case steps, guidance, seconds, width, height, samplers
      case frameRate = "frame_rate"
      case sampleRate = "sample_rate"
    }
  }

  /// The least and the most of each, both allowed.
  public struct Limits: Codable, Sendable, Equatable {
    public var seconds: [Double]
    public var steps: [Int]
    /// Pixels of width and height.
    public var side: [Int]
    /// Of which width and height are multiples.
    public var sideMultiple: Int
    /// Width over height.
    public var aspect: [Double]
    public var promptCharacters: Int

    public init(
      seconds: [Double], steps: [Int], side: [Int], sideMultiple: Int, aspect: [Double], promptCharacters: Int
    ) {
      self.seconds = seconds
      self.steps = steps
      self.side = side
      self.sideMultiple = sideMultiple
      self.aspect = aspect
      self.promptCharacters = promptCharacters
    }

    enum CodingKeys: String, CodingKey {
      case seconds, steps, side, aspect
      case sideMultiple = "side_multiple"
      case promptCharacters = "prompt_characters"
    }
  }

  /// A kind of scene that the model knows, and a prompt for it.
  public struct Example: Codable, Sendable, Equatable {
    public var name: String
    public var prompt: String

    public init(name: String, prompt: String) {
      self.name = name
      self.prompt = prompt
    }
  }

  public var version: String
  public var model: String
  /// Of all weight files, as it stands in the settings of a clip.
  public var weights: String
  public var device: String
  public var dtype: String
  public var licence: String
  /// Of parts that come from elsewhere, by part.
  public var licences: [String: String]
  public var defaults: Defaults
  public var limits: Limits
  public var examples: [Example]

  public init(
    version: String, model: String, weights: String, device: String, dtype: String, licence: String,
    licences: [String: String], defaults: Defaults, limits: Limits, examples: [Example]
  ) {
    self.version = version
    self.model = model
    self.weights = weights
    self.device = device
    self.dtype = dtype
    self.licence = licence
    self.licences = licences
    self.defaults = defaults
    self.limits = limits
    self.examples = examples
  }
}
