internal import Foundation

/// Byte pair encoding over bytes spelled as letters, as GPT-2 introduced it and CLIP and RoBERTa took it over: the pairs of
/// a table are joined in its order.
struct BytePairMerges: Sendable {
  /// Rank of "first second".
  private let ranks: [String: Int]
  /// The joined pieces in their order.
  let pieces: [String]

  /// - Parameter lines: "first second" each, most frequent first.
  init(lines: [Substring], file: String) throws(NetworkInputError) {
    var (ranks, pieces): ([String: Int], [String]) = ([:], [])
    for line in lines {
      let pair = line.split(separator: " ")
      guard pair.count == 2 else {
        throw .badVocabulary(file: file, reason: "line \"\(line)\" of the merges is no pair")
      }
      ranks[String(line)] = pieces.count
      pieces.append(String(pair[0] + pair[1]))
    }
    self.ranks = ranks
    self.pieces = pieces
  }

  /// Joins pieces of one word until no pair of the table is left.
  func joined(_ symbols: [String]) -> [String] {
    var word = symbols
    while word.count > 1 {
      let pairs = zip(word, word.dropFirst()).map { "\($0) \($1)" }
      guard let best = pairs.compactMap({ ranks[$0] }).min() else { break }
      var next: [String] = []
      var index = 0
      while index < word.count {
        if index + 1 < word.count, ranks[pairs[index]] == best {
          next.append(word[index] + word[index + 1])
          index += 2
        } else {
          next.append(word[index])
          index += 1
        }
      }
      word = next
    }
    return word
  }

  /// A letter for every byte: itself where it prints, one from U+0100 on otherwise.
  static let letters: [String] = {
    var next: UInt32 = 256
    return (0..<256).map { byte in
      let prints = (33...126).contains(byte) || (161...172).contains(byte) || (174...255).contains(byte)
      defer { if !prints { next += 1 } }
      return String(Unicode.Scalar(prints ? UInt32(byte) : next)!)
    }
  }()

  /// The letters of a piece of text.
  static func spelled(_ text: some Sequence<Unicode.Scalar>) -> [String] {
    var view = String.UnicodeScalarView()
    view.append(contentsOf: text)
    return String(view).utf8.map { letters[Int($0)] }
  }

  /// All lines of a text file, whatever is in them.
  static func lines(_ url: URL) throws(NetworkInputError) -> [Substring] {
    do {
      return try String(contentsOf: url, encoding: .utf8).split(omittingEmptySubsequences: false) {
        $0.isNewline
      }
    } catch {
      throw .badVocabulary(file: url.path, reason: "it cannot be read as text")
    }
  }
}
