/// What is known of a published network without its weights: enough to say what a score would need.
public struct EvaluationNetwork: Sendable, Equatable, Identifiable {
  /// What a network takes.
  public enum Input: Sendable, Equatable {
    /// Pictures; nil takes them at the rate they have.
    case frames(rate: Double?)
    /// Mono sound at this many samples per second.
    case sound(sampleRate: Int)
    case text
  }

  /// Short and stable, such as `i3d-k400`; part of the names of scores.
  public let id: String
  /// As in prose, such as "I3D (Kinetics-400)".
  public let title: String
  /// The name of its weight file after conversion, where weights are looked for.
  public let file: String
  /// Further files of other kinds that text or pre-processing needs.
  public let companions: [String]
  /// Which published file that is made from, and where it comes from.
  public let source: String
  /// The licence of the published weights, in short.
  public let licence: String
  public let inputs: [Input]
  /// Width of its features; nil where it gives none.
  public let featureWidth: Int?
  /// Number of its classes; nil where it knows none.
  public let classCount: Int?

  public init(
    id: String, title: String, file: String, companions: [String] = [], source: String, licence: String,
    inputs: [Input], featureWidth: Int? = nil, classCount: Int? = nil
  ) {
    self.id = id
    self.title = title
    self.file = file
    self.companions = companions
    self.source = source
    self.licence = licence
    self.inputs = inputs
    self.featureWidth = featureWidth
    self.classCount = classCount
  }

  /// What is missing where the weights are, in one line.
  public var need: String {
    "needs \(([file] + companions).joined(separator: ", ")) from \(source), licence \(licence)"
  }
}
