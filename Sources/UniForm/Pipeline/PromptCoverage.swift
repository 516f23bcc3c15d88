/// What of a prompt a model can have learned something about.
///
/// A small vocabulary holds the words it was trained on whole and spells others; a large one spells rarely.
public struct PromptCoverage: Sendable, Equatable {
  /// Words of the prompt that are whole pieces of the vocabulary, without articles and prepositions.
  public let knownWords: [String]
  /// The share of pieces in 0…1 that the vocabulary does not cover at all.
  public let unknownFraction: Double

  /// Words that say nothing about a scene.
  static let fillers: Set<String> = [
    "a", "an", "the", "of", "on", "in", "at", "to", "by", "with", "and", "or", "is", "are", "its", "it", "as",
    "from", "into", "for", "over", "under", "while", "that", "this", "there",
  ]
}

extension UniFormPipeline {
  /// What the model's vocabulary knows of a prompt.
  public func promptCoverage(_ prompt: String) throws -> PromptCoverage {
    guard let caption = try Caption.cleaned(prompt, setting: "prompt") else {
      return PromptCoverage(knownWords: [], unknownFraction: 0)
    }
    return PromptCoverage(
      knownWords: try tokenizer().knownWords(caption).filter { !PromptCoverage.fillers.contains($0) },
      unknownFraction: try tokenizer().unknownFraction(caption))
  }

  /// Says so where a prompt is longer than the model reads.
  func notes(on prompt: String?) throws -> [String] {
    guard let prompt else { return [] }
    let limit = model.transformer.maximumTextLength
    let isCut = try tokenizer().encode(prompt, maximumLength: limit + 1).length > limit
    return isCut ? ["the prompt is longer than the \(limit) tokens that the model reads; its end is left out"] : []
  }
}
