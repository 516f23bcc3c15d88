public import Foundation
public import Torch

/// The tokenizer of GPT-2 as MS-CLAP uses it: a space and the end of text behind every caption, 77 tokens at most, zeros
/// behind.
public struct GPT2Tokenizer: Sendable {
  public static let length = 77

  private let vocabulary: ByteLevelVocabulary
  private let end: Int

  /// `vocab.json` and `merges.txt` of gpt2.
  public init(vocabulary url: URL, merges table: URL) throws(NetworkInputError) {
    vocabulary = try ByteLevelVocabulary(vocabulary: url, merges: table)
    end = try vocabulary.id("<|endoftext|>")
  }

  /// Captions to ids `[B, 77]`.
  public func callAsFunction(_ texts: [String]) -> Tensor {
    let rows = texts.flatMap { text in
      let tokens = (vocabulary.ids(text + " ").compactMap { $0 } + [end]).prefix(Self.length)
      return tokens + Array(repeating: 0, count: Self.length - tokens.count)
    }
    return Tensor(rows, shape: [texts.count, Self.length])
  }
}
