/// Clips of two folders that have the same name.
public struct ClipPairs: Sendable, Equatable {
  /// In order.
  public let names: [String]
  /// Names that only one side has.
  public let generatedAlone: [String]
  public let referenceAlone: [String]

  public init(generated: [String], reference: [String]) {
    let (a, b) = (Set(generated), Set(reference))
    names = a.intersection(b).sorted()
    generatedAlone = a.subtracting(b).sorted()
    referenceAlone = b.subtracting(a).sorted()
  }

  /// Scores over pairs mean little where most clips of the smaller side have no partner.
  public var isEnough: Bool {
    let smaller = names.count + min(generatedAlone.count, referenceAlone.count)
    return !names.isEmpty && Double(names.count) >= 0.5 * Double(smaller)
  }

  public func requireEnough() throws(EvaluationSetupError) {
    guard isEnough else {
      throw .tooLittleOverlap(
        pairs: names.count, generated: names.count + generatedAlone.count,
        reference: names.count + referenceAlone.count)
    }
  }
}
