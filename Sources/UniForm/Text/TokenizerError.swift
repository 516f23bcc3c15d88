/// What can be wrong with a tokenizer's file or text, in one line each.
public enum TokenizerError: Error, Sendable, Equatable, CustomStringConvertible {
  case unreadable(file: String, reason: String)
  case malformed(file: String, reason: String)
  case notEncodable(reason: String)
  case notTrainable(reason: String)

  public var description: String {
    switch self {
    case .unreadable(let file, let reason):
      "\(file): cannot be read: \(reason)"
    case .malformed(let file, let reason):
      "\(file): is no SentencePiece model of the T5 kind: \(reason)"
    case .notEncodable(let reason):
      "the text cannot be split into pieces: \(reason)"
    case .notTrainable(let reason):
      "no vocabulary can be trained from these sentences: \(reason)"
    }
  }
}
