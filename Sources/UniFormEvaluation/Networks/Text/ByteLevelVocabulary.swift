internal import Foundation

/// Pieces and ids as GPT-2 and RoBERTa have them: `vocab.json` and `merges.txt`.
struct ByteLevelVocabulary: Sendable {
  private let merges: BytePairMerges
  private let ids: [String: Int]
  private let splitter = WordSplitter(rule: .keepingSpaces)
  private let file: String

  init(vocabulary: URL, merges table: URL) throws(NetworkInputError) {
    guard let data = try? Data(contentsOf: vocabulary),
      let ids = try? JSONDecoder().decode([String: Int].self, from: data)
    else { throw .badVocabulary(file: vocabulary.path, reason: "it is no JSON table of pieces and ids") }
    let lines = try BytePairMerges.lines(table).filter { !$0.isEmpty && !$0.hasPrefix("#version") }
    merges = try BytePairMerges(lines: lines, file: table.path)
    self.ids = ids
    file = vocabulary.path
  }

  /// The id of a piece that has to be there.
  func id(_ piece: String) throws(NetworkInputError) -> Int {
    guard let id = ids[piece] else { throw .badVocabulary(file: file, reason: "it has no \(piece)") }
    return id
  }

  /// Ids of a text; nil for a piece that is not in the table.
  func ids(_ text: String) -> [Int?] {
    splitter(text).flatMap { merges.joined(BytePairMerges.spelled($0)) }.map { ids[$0] }
  }
}
