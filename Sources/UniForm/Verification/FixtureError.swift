/// Why a parity fixture cannot be run, in one line.
public enum FixtureError: Error, Sendable, Equatable, CustomStringConvertible {
  case unusable(file: String, reason: String)
  case unknownComponent(file: String, name: String, known: [String])

  public var description: String {
    switch self {
    case .unusable(let file, let reason): "\(file): cannot be used as a parity fixture: \(reason)"
    case .unknownComponent(let file, let name, let known):
      "\(file): unknown component \"\(name)\"; known are \(known.joined(separator: ", "))"
    }
  }
}
