public import Foundation
public import Torch

/// The tokenizer of RoBERTa, which LAION's CLAP reads captions with: case and spaces count.
public struct RoBERTaTokenizer: Sendable {
  /// Tokens of a caption at most, with both ends.
  public static let length = 77

  private let merges: BytePairMerges
  private let ids: [String: Int]
  private let splitter = WordSplitter(rule: .keepingSpaces)
  /// Ids of `<s>`, `<pad>`, `</s>` and `<unk>`.
  private let (start, padding, end, unknown): (Int, Int, Int, Int)

  /// `vocab.json` and `merges.txt` of roberta-base.
  public init(vocabulary: URL, merges table: URL) throws(NetworkInputError) {
    guard let data = try? Data(contentsOf: vocabulary),
      let ids = try? JSONDecoder().decode([String: Int].self, from: data)
    else { throw .badVocabulary(file: vocabulary.path, reason: "it is no JSON table of pieces and ids") }
    func id(_ piece: String) throws(NetworkInputError) -> Int {
      guard let id = ids[piece] else {
        throw .badVocabulary(file: vocabulary.path, reason: "it has no \(piece)")
      }
      return id
    }
    (start, padding, end, unknown) = (try id("<s>"), try id("<pad>"), try id("</s>"), try id("<unk>"))
    let lines = try BytePairMerges.lines(table).filter { !$0.isEmpty && !$0.hasPrefix("#version") }
    merges = try BytePairMerges(lines: lines, file: table.path)
    self.ids = ids
  }

  /// Ids with both ends, 77 at most.
  public func ids(_ text: String) -> [Int] {
    let pieces = splitter(text).flatMap { merges.joined(BytePairMerges.spelled($0)) }
    return [start] + pieces.map { ids[$0] ?? unknown }.prefix(Self.length - 2) + [end]
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
