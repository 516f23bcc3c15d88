/// What can be wrong with a model directory as a whole, in one line; its files have `ConfigurationError`,
/// `WeightError` and ``TokenizerError``.
public enum ModelError: Error, Sendable, Equatable, CustomStringConvertible {
  case unknownModel(String, searched: [String])
  case notAModel(path: String, reason: String)
  case missingFile(path: String)
  /// Weights that may run code when they are read, in place of those of a part.
  case pickle(path: String)
  /// Two parts that do not fit: a key of one file against what the rest of the model needs.
  case inconsistent(file: String, key: String, found: String, needed: String, by: String)

  public var description: String {
    switch self {
    case .unknownModel(let name, let searched):
      "\(name): no such model" + (searched.isEmpty ? "" : "; looked in \(searched.joined(separator: ", "))")
    case .notAModel(let path, let reason): "\(path): is no model directory: \(reason)"
    case .missingFile(let path): "\(path): is missing; is the model directory complete?"
    case .pickle(let path):
      "\(path): is a pickle, which can run code when it is read; convert it with Scripts/convert-checkpoint"
    case .inconsistent(let file, let key, let found, let needed, let by):
      "\(file): \"\(key)\" is \(found), but \(by) needs \(needed)"
    }
  }
}
