public import Foundation
public import Torch

/// The tokenizer of RoBERTa, which LAION's CLAP reads captions with: case and spaces count.
public struct RoBERTaTokenizer: Sendable {
  /// Tokens of a caption at most, with both ends.
  public static let length = 77

  private let vocabulary: ByteLevelVocabulary
  /// Ids of `<s>`, `<pad>`, `</s>` and `<unk>`.
  private let (start, padding, end, unknown): (Int, Int, Int, Int)

  /// `vocab.json` and `merges.txt` of roberta-base.
  public init(vocabulary url: URL, merges table: URL) throws(NetworkInputError) {
    vocabulary = try ByteLevelVocabulary(vocabulary: url, merges: table)
    (start, padding) = (try vocabulary.id("<s>"), try vocabulary.id("<pad>"))
    (end, unknown) = (try vocabulary.id("</s>"), try vocabulary.id("<unk>"))
  }

  /// Ids with both ends, 77 at most.
  public func ids(_ text: String) -> [Int] {
    [start] + vocabulary.ids(text).map { $0 ?? unknown }.prefix(Self.length - 2) + [end]
  }

  /// Captions to ids and mask, both `[B, L]` with L the longest of them.
  public func callAsFunction(_ texts: [String]) -> (ids: Tensor, mask: Tensor) {
    let rows = texts.map(ids)
    let length = rows.map(\.count).max() ?? 0
    func padded(_ value: Int, _ row: [Int]) -> [Int] {
      row + Array(repeating: value, count: length - row.count)
    }
    let shape = [rows.count, length]
    return (
      Tensor(rows.flatMap { padded(padding, $0) }, shape: shape),
      Tensor(rows.flatMap { padded(0, $0.map { _ in 1 }) }, shape: shape)
    )
  }
}
