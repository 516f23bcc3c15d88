public import Foundation
public import Torch

/// The tokenizer of CLIP, which ImageBind takes over: lower case, 49 408 pieces, 77 of them with start and end.
///
/// What the reference repairs of broken Unicode, of HTML entities beyond the common ones and of typographic signs beyond
/// quotation marks is left as it is; captions in plain writing are the same.
public struct CLIPTokenizer: Sendable {
  /// Tokens of a caption, with start, end and zeros behind.
  public static let length = 77

  private let merges: BytePairMerges
  private let ids: [String: Int]
  private let (start, end): (Int, Int)
  private let splitter = WordSplitter(rule: .droppingSpaces)

  /// - Parameter url: `bpe_simple_vocab_16e6.txt`, unpacked: a line of version, then one merge per line.
  public init(contentsOf url: URL) throws(NetworkInputError) {
    let lines = try BytePairMerges.lines(url)
    try self.init(
      lines: Array(lines.dropFirst().filter { !$0.isEmpty }.prefix(49_152 - 256 - 2)), file: url.path)
  }

  init(lines: [Substring], file: String) throws(NetworkInputError) {
    merges = try BytePairMerges(lines: lines, file: file)
    // Bytes in the order of their letters, once inside and once at the end of a word.
    let letters = BytePairMerges.letters.sorted { a, b in
      let (a, b) = (a.unicodeScalars.first!.value, b.unicodeScalars.first!.value)
      return a < b
    }
    let pieces = letters + letters.map { $0 + Self.wordEnd } + merges.pieces
    ids = Dictionary(pieces.enumerated().map { ($1, $0) }) { _, last in last }
    start = pieces.count
    end = pieces.count + 1
  }

  private static let wordEnd = "</w>"

  /// Ids without start and end.
  public func ids(_ text: String) -> [Int] {
    splitter(Self.cleaned(text)).flatMap { word in
      var letters = BytePairMerges.spelled(word)
      letters[letters.count - 1] += Self.wordEnd
      return merges.joined(letters).compactMap { ids[$0] }
    }
  }

  /// Captions to ids `[B, 77]`; longer ones are cut.
  public func callAsFunction(_ texts: [String]) -> Tensor {
    let rows = texts.flatMap { text in
      let tokens = [start] + ids(text).prefix(Self.length - 2) + [end]
      return tokens + Array(repeating: 0, count: Self.length - tokens.count)
    }
    return Tensor(rows, shape: [texts.count, Self.length])
  }

  private static func cleaned(_ text: String) -> String {
    let replacements = [
      "\u{2018}": "'", "\u{2019}": "'", "\u{201C}": "\"", "\u{201D}": "\"", "&lt;": "<", "&gt;": ">",
      "&quot;": "\"", "&#39;": "'", "&amp;": "&",
    ]
    return replacements.sorted { $0.key > $1.key }.reduce(text.precomposedStringWithCanonicalMapping) {
      $0.replacingOccurrences(of: $1.key, with: $1.value)
    }.lowercased()
  }
}
