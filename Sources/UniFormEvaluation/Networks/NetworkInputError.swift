/// Why a network cannot take a clip, in one line.
public enum NetworkInputError: Error, Sendable, Equatable, CustomStringConvertible {
  case tooFewFrames(network: String, found: Int, needed: Int)
  case tooFewSamples(network: String, found: Int, needed: Int)
  case notFrames(shape: [Int])
  case notSound(shape: [Int])
  /// A vocabulary or merge table that is none.
  case badVocabulary(file: String, reason: String)

  public var description: String {
    switch self {
    case .tooFewFrames(let network, let found, let needed):
      "\(network) needs \(needed) frames, and the clip has \(found)"
    case .tooFewSamples(let network, let found, let needed):
      "\(network) needs \(needed) samples of sound, and the clip has \(found)"
    case .notFrames(let shape): "frames need the shape [count, height, width, 3] and 8 bits, not \(shape)"
    case .notSound(let shape): "sound needs the shape [samples], not \(shape)"
    case .badVocabulary(let file, let reason): "\(file): \(reason)"
    }
  }
}
