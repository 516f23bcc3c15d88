/// `model_index.json`: what a model directory is called, what its clips measure, and what it asks for by default.
public struct ModelIndex: JSONConfiguration {
  /// A kind of scene that a small model was trained on.
  public struct KnownClass: Codable, Sendable, Equatable {
    public var name: String
    /// A prompt of this class that works.
    public var example: String

    public init(name: String, example: String) {
      self.name = name
      self.example = example
    }
  }

  /// What a request that says nothing gets.
  public struct Defaults: JSONConfiguration {
    public var steps = 30
    public var guidanceScale = 5.0
    /// Tokens of the null caption where there is no text at all; in training it has the length of the caption that
    /// it replaces, so a typical length serves best.
    public var nullCaptionLength = 16

    public init() {}

    enum CodingKeys: String, CodingKey {
      case steps
      case guidanceScale = "guidance_scale"
      case nullCaptionLength = "null_caption_length"
    }

    public func validate() throws(ConfigurationError) {
      guard GenerationRequest.allowedSteps.contains(steps) else {
        throw ConfigurationError("\"steps\" is \(steps), not in 1…1000")
      }
      guard guidanceScale.isFinite, guidanceScale >= 0 else {
        throw ConfigurationError("\"guidance_scale\" is \(guidanceScale), not a finite number from 0 on")
      }
      guard nullCaptionLength > 0 else {
        throw ConfigurationError("\"null_caption_length\" is \(nullCaptionLength), not positive")
      }
    }
  }

  public var name = "uniform"
  public var licence = ""
  /// Licences of the parts that come from elsewhere, by folder.
  public var licences: [String: String] = [:]
  public var geometry = ClipGeometry()
  public var defaults = Defaults()
  /// Empty for models of open vocabulary.
  public var knownClasses: [KnownClass] = []

  public init() {}

  /// The part of each folder, as the diffusers layout lists them.
  private static let components = [
    "tokenizer": "T5Tokenizer", "text_encoder": "T5Encoder", "transformer": "UniFormDiT",
    "scheduler": "DiffusionConfiguration", "vae": "VideoVAE", "audio_vae": "AudioVAE",
    "mel": "MelSpectrogram", "vocoder": "HiFiGAN",
  ]
  private static let className = "UniFormPipeline"

  enum CodingKeys: String, CodingKey {
    case className = "_class_name"
    case name, licence, licences, geometry, defaults
    case knownClasses = "known_classes"
  }

  private struct Folder: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  public func encode(to encoder: any Encoder) throws {
    var fields = encoder.container(keyedBy: CodingKeys.self)
    try fields.encode(Self.className, forKey: .className)
    try fields.encode(name, forKey: .name)
    try fields.encode(licence, forKey: .licence)
    try fields.encode(licences, forKey: .licences)
    try fields.encode(geometry, forKey: .geometry)
    try fields.encode(defaults, forKey: .defaults)
    try fields.encode(knownClasses, forKey: .knownClasses)
    var folders = encoder.container(keyedBy: Folder.self)
    for (folder, type) in Self.components {
      try folders.encode(["uniform", type], forKey: Folder(stringValue: folder))
    }
  }

  public init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: CodingKeys.self)
    let className = try fields.decode(String.self, forKey: .className)
    guard className == Self.className else {
      throw DecodingError.dataCorruptedError(
        forKey: .className, in: fields, debugDescription: "is \(className), not \(Self.className)")
    }
    name = try fields.decode(String.self, forKey: .name)
    licence = try fields.decode(String.self, forKey: .licence)
    licences = try fields.decodeIfPresent([String: String].self, forKey: .licences) ?? [:]
    geometry = try fields.configuration(forKey: .geometry)
    defaults = try fields.configuration(forKey: .defaults)
    knownClasses = try fields.decode([KnownClass].self, forKey: .knownClasses)
  }
}
