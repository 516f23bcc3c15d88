/// Where a number lies that was computed from a sample of clips, with 95 % confidence.
public struct ConfidenceInterval: Sendable, Equatable, Codable {
  public let low: Double
  public let high: Double
}
