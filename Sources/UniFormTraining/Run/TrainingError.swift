/// Something that stops a training run, in one line.
public struct TrainingError: Error, Sendable, CustomStringConvertible {
  public enum Kind: Sendable {
    /// What was configured or given does not work.
    case badData
    /// A folder or file is not there.
    case missing
    /// Another process is at work there.
    case busy
    /// Reading or writing failed.
    case inputOutput
    /// The computation went wrong.
    case software
  }

  public let description: String
  public let kind: Kind

  public init(_ description: String, _ kind: Kind = .badData) {
    self.description = description
    self.kind = kind
  }
}
