/// What can be wrong with a weight file, in one line each.
public enum WeightError: Error, Sendable, Equatable, CustomStringConvertible {
  case unreadable(file: String, reason: String)
  case malformed(file: String, reason: String)
  case missing(tensor: String, file: String)
  case wrongShape(tensor: String, expected: [Int], found: [Int], file: String)
  case wrongType(tensor: String, found: DType, file: String)
  case unexpected(tensors: [String], file: String)
  case unwritable(file: String, reason: String)
  /// Or the file may grow no further.
  case diskFull(file: String)

  public var description: String {
    switch self {
    case .unreadable(let file, let reason):
      "\(file): cannot be read: \(reason)"
    case .malformed(let file, let reason):
      "\(file): is no valid safetensors file: \(reason)"
    case .missing(let tensor, let file):
      "\(file): tensor \"\(tensor)\" is missing; is this the right file for this configuration?"
    case .wrongShape(let tensor, let expected, let found, let file):
      "\(file): tensor \"\(tensor)\" has shape \(found), the configuration needs \(expected)"
    case .wrongType(let tensor, let found, let file):
      "\(file): tensor \"\(tensor)\" holds \(found), but weights are floating-point numbers"
    case .unexpected(let tensors, let file):
      tensors.count == 1
        ? "\(file): holds the tensor \"\(tensors[0])\", which the configuration does not know"
        : "\(file): holds \(tensors.count) tensors that the configuration does not know, the first is \"\(tensors[0])\""
    case .unwritable(let file, let reason):
      "\(file): cannot be written: \(reason)"
    case .diskFull(let file):
      "\(file): cannot be written: the disk is full, or files may not be this large; free some space"
    }
  }
}
