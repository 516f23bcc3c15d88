/// One number with all that is needed to compare it with another.
public struct Score: Sendable, Codable, Equatable {
  public enum Direction: String, Sendable, Codable { case lower, higher }

  /// A point of a curve, such as F1 over tolerance.
  public struct Point: Sendable, Codable, Equatable {
    public let at: Double
    public let value: Double
  }

  /// The whole protocol.
  public var metric = ""
  public var name = ""
  public var family = ""
  public var better = Direction.lower
  public var value: Double
  /// The same number of the reference clips themselves.
  public var reference: Double?
  /// The distance of two halves of the reference: what a perfect model would get with half as many clips.
  public var floor: Double?
  /// The same number of the reference clips that went through the codecs of the model: what it cannot surpass.
  public var ceiling: Double?
  /// The number for clips paired with others than their own, in ten random orders: what chance gives.
  public var shuffled: Double?
  /// Over the generated clips: of means by ``Bootstrap``, of distances by ``Jackknife``.
  public var interval: ConfidenceInterval?
  /// Over the splits or subsets that the value is the mean of.
  public var deviation: Double?
  public var generatedCount: Int
  public var referenceCount: Int?
  /// Clips that have no score by the metric's own rules.
  public var excluded: Int?
  public var details: [String: Double]?
  public var curve: [Point]?
  /// Of each clip, where the value is a mean over clips.
  public var clips: [String: Double]?
  /// SHA-256 of the weight files, by extractor.
  public var weights: [String: String]?
  /// Of wall clock, without the extraction of features.
  public var seconds = 0.0

  init(_ value: Double, generated: Int, reference: Int? = nil) {
    self.value = value
    generatedCount = generated
    referenceCount = reference
  }

  enum CodingKeys: String, CodingKey {
    case metric, name, family, better, value, reference, ceiling, floor, shuffled, interval, deviation
    case excluded, details, curve, clips, seconds
    case generatedCount = "n_generated"
    case referenceCount = "n_reference"
    case weights = "weights_sha256"
  }

  /// The mean of one value per clip, with its interval, and that of the reference clips.
  init(perClip: [Named<Double>], reference: [Named<Double>] = []) {
    let values = perClip.map(\.value)
    self.init(
      values.mean ?? .nan, generated: values.count, reference: reference.isEmpty ? nil : reference.count)
    clips = Dictionary(perClip.map { ($0.name, $0.value) }) { $1 }
    interval = Bootstrap(resamples: 1000).interval(ofMean: values)
    self.reference = reference.map(\.value).mean
  }
}

/// A metric without a value, and why.
public struct MissingScore: Sendable, Codable, Equatable {
  public let metric: String
  public let name: String
  public let reason: String

  public init(metric: String, name: String, reason: String) {
    self.metric = metric
    self.name = name
    self.reason = reason
  }
}
