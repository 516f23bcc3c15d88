/// Why a score cannot be computed, in one line.
public enum EvaluationError: Error, Sendable, Equatable, CustomStringConvertible {
  case notFeatures(shape: [Int])
  case tooFew(found: Int, needed: Int)
  case notFinite
  case widthsDiffer(Int, Int)
  /// Of sets whose vectors belong together in pairs.
  case countsDiffer(Int, Int)
  /// A Fréchet distance below zero by more than rounding explains.
  case negativeDistance(Double)

  public var description: String {
    switch self {
    case .notFeatures(let shape): "features need the shape [vectors, width], not \(shape)"
    case .tooFew(let found, let needed): "\(found) feature vectors are too few, at least \(needed) are needed"
    case .notFinite: "features hold numbers that are infinite or NaN"
    case .widthsDiffer(let a, let b): "the two sets have features of width \(a) and \(b)"
    case .countsDiffer(let a, let b): "\(a) and \(b) feature vectors make no pairs"
    case .negativeDistance(let value):
      "the Fréchet distance came out as \(value): the covariances are no covariances"
    }
  }
}
