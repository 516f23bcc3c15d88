/// What can go wrong between clips and the server that describes them, in one line.
public enum CaptionError: Error, Sendable, Equatable, CustomStringConvertible {
  case invalidEndpoint(String)
  case unreachable(host: String, reason: String)
  /// Status 401 or 403.
  case denied(host: String, status: Int, hasKey: Bool)
  case noModel(String, known: [String])
  /// An answer that is not of the protocol.
  case malformedReply(host: String, what: String)
  /// Too many requests, or a server that fails, again and again.
  case busy(host: String, status: Int, message: String)
  /// What the server does not accept, clip after clip.
  case refused(host: String, status: Int, message: String)
  case unusableOutput(file: String, reason: String)
  case diskFull(file: String)
  case noLabels(layout: String)

  public var description: String {
    switch self {
    case .invalidEndpoint(let text):
      "'\(text)' is no address of a server; give one such as http://localhost:8000/v1"
    case .unreachable(let host, let reason):
      "cannot reach \(host) (\(reason)); check --endpoint and that the server runs"
    case .denied(let host, let status, hasKey: false):
      "\(host) wants a key (\(status)); put it into an environment variable and name that with --key-variable"
    case .denied(let host, let status, hasKey: true): "\(host) does not accept the key (\(status)); check it"
    case .noModel(let name, let known):
      "the server has no model '\(name)'; it has \(known.isEmpty ? "none" : known.joined(separator: ", "))"
    case .malformedReply(let host, let what):
      "\(host) does not answer as a chat server does (\(what)); check --endpoint"
    case .busy(let host, let status, let message):
      "\(host) keeps failing (\(status)\(Self.detail(message))); run the same command again later"
    case .refused(let host, let status, let message):
      "\(host) does not accept the requests (\(status)\(Self.detail(message))); check --model, --frames and --size"
    case .unusableOutput(let file, let reason): "'\(file)' \(reason)"
    case .diskFull(let file):
      "the disk is full while writing '\(file)'; free some space and run the same command again"
    case .noLabels(let layout):
      "the clips of layout '\(layout)' have no labels here; give --endpoint and --model to have them described"
    }
  }

  /// Whether the next request may be answered.
  var mayPass: Bool {
    switch self {
    case .unreachable, .busy, .malformedReply: true
    default: false
    }
  }

  /// Whether the server understood a request and does not accept it.
  var isRefusal: Bool { if case .refused = self { true } else { false } }

  private static func detail(_ message: String) -> String { message.isEmpty ? "" : ": \(message)" }
}
