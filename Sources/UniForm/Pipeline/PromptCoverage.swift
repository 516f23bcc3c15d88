/// What of a prompt a model can have learned something about.
///
/// A small vocabulary holds the words it was trained on whole and spells others; a large one spells rarely.
public struct PromptCoverage: Sendable, Equatable {
  /// Words of the prompt that are whole pieces of the vocabulary or name what the model was trained on, without
  /// articles and prepositions.
  public let knownWords: [String]
  /// The share of pieces in 0…1 that the vocabulary does not cover at all.
  public let unknownFraction: Double

  /// Words that say nothing about a scene.
  static let fillers: Set<String> = [
    "a", "an", "the", "of", "on", "in", "at", "to", "by", "with", "and", "or", "is", "are", "its", "it", "as",
    "from", "into", "for", "over", "under", "through", "while", "that", "this", "there",
  ]
}

extension UniFormPipeline {
  /// What the model's vocabulary knows of a prompt.
  public func promptCoverage(_ prompt: String) throws -> PromptCoverage {
    guard let caption = try Caption.cleaned(prompt, setting: "prompt") else {
      return PromptCoverage(knownWords: [], unknownFraction: 0)
    }
    // A small vocabulary spells even some of the words that the model was trained on.
    let taught = model.knownClasses.flatMap { "\($0.name) \($0.example)".lowercased().words }
    let known = Set(try tokenizer().knownWords(caption) + taught).subtracting(PromptCoverage.fillers)
    return PromptCoverage(
      knownWords: caption.words.filter(known.contains),
      unknownFraction: try tokenizer().unknownFraction(caption))
  }

  /// Whether a cleaned prompt has more tokens than the model reads.
  func isCut(_ prompt: String) throws -> Bool {
    let limit = model.transformer.maximumTextLength
    return try tokenizer().encode(prompt, maximumLength: limit + 1).length > limit
  }
}

extension String {
  fileprivate var words: [String] { split { !$0.isLetter }.map(String.init) }
}
