public import Foundation

/// Splits captions into the pieces of a T5 vocabulary (`spiece.model`: a SentencePiece unigram model).
///
/// Control pieces and sentinels (`</s>`, `<extra_id_0>`) are never recognised inside a text: a caption cannot end
/// itself. A value is immutable and may be shared by any number of threads.
public struct T5Tokenizer: Sendable {
  /// `<pad>`
  public static let padding: Int32 = 0
  /// `</s>`
  public static let endOfSequence: Int32 = 1
  /// `<unk>`, for what no piece covers.
  public static let unknown: Int32 = 2

  private let model: SentencePieceModel

  public init(contentsOf url: URL) throws(TokenizerError) {
    let data: Data
    do {
      data = try Data(contentsOf: url)
    } catch {
      throw .unreadable(file: url.path, reason: error.localizedDescription)
    }
    try self.init(model: [UInt8](data), name: url.path)
  }

  /// - Parameters:
  ///   - bytes: what `spiece.model` holds: a serialised `ModelProto`.
  ///   - name: what an error calls it.
  public init(model bytes: [UInt8], name: String = "tokenizer") throws(TokenizerError) {
    guard let model = SentencePieceModel(bytes) else {
      throw .malformed(file: name, reason: SentencePieceModel.lastError)
    }
    let expected = ["<pad>", "</s>", "<unk>"]
    let found = (Int32(0)..<3).map { model.piece($0) ?? "" }
    guard found == expected else {
      throw .malformed(file: name, reason: "its first pieces are \(found), not \(expected)")
    }
    // A file cut off between two pieces still loads, without the rules that stand after them.
    guard ProtobufFields(bytes).contains(3) else {
      throw .malformed(file: name, reason: "it has no normalisation rules; is the file complete?")
    }
    self.model = model
  }

  /// Pieces of the model. A text encoder may have more rows: T5 adds 100 sentinels and some padding.
  public var vocabularySize: Int { model.pieceCount }

  public func piece(_ id: Int) -> String? { Int32(exactly: id).flatMap(model.piece) }

  /// The id of a piece, or that of `<unk>`.
  public func id(_ piece: String) -> Int { Int(model.id(piece)) }

  /// One caption as ids, ending with `</s>`; an empty caption is `</s>` alone.
  ///
  /// - Parameter maximumLength: ids at most, `</s>` included, which stays the last when the text is cut.
  public func encode(_ text: String, maximumLength: Int) throws(TokenizerError) -> TextTokens {
    try encode([text], maximumLength: maximumLength)
  }

  /// Several captions, padded to the longest.
  public func encode(_ texts: [String], maximumLength: Int) throws(TokenizerError) -> TextTokens {
    precondition(maximumLength >= 1, "there must be room for </s>")
    var rows: [[Int32]] = []
    for text in texts {
      rows.append(try pieces(of: text, atMost: maximumLength - 1) + [Self.endOfSequence])
    }
    return TextTokens(rows: rows)
  }

  /// The share of a caption's pieces, in [0, 1], that the vocabulary does not cover; 0 for an empty caption.
  public func unknownFraction(_ text: String) throws(TokenizerError) -> Double {
    let ids = try pieces(of: text, atMost: Self.inspectedPieces)
    return ids.isEmpty ? 0 : Double(ids.count { $0 == Self.unknown }) / Double(ids.count)
  }

  /// The words of a caption that are one piece each, in order. A small vocabulary holds the words it was trained on
  /// whole, and spells others: a caption without a known word says nothing to such a model.
  public func knownWords(_ text: String) throws(TokenizerError) -> [String] {
    let pieces = try pieces(of: text, atMost: Self.inspectedPieces).map { model.piece($0) ?? "" }
    return pieces.indices.compactMap { index in
      let piece = pieces[index]
      let next = index + 1 < pieces.count ? pieces[index + 1] : nil
      let endsHere = next?.first.map { !$0.isLetter } ?? true
      let word = piece.dropFirst()
      return piece.first == "▁" && endsHere && word.count > 1 && word.allSatisfy(\.isLetter)
        ? String(word) : nil
    }
  }

  /// Trains a vocabulary on captions and returns the bytes of its `spiece.model`: the same for the same sentences.
  ///
  /// - Parameters:
  ///   - sentences: one caption each; those beyond 4,192 bytes are left out.
  ///   - vocabularySize: pieces, `<pad>`, `</s>` and `<unk>` included. The error names the most that few sentences give.
  public static func train(sentences: [String], vocabularySize: Int) throws(TokenizerError) -> [UInt8] {
    guard !sentences.allSatisfy(\.isEmpty) else { throw .notTrainable(reason: "there is no text in them") }
    guard let size = Int32(exactly: vocabularySize), size > 3 else {
      throw .notTrainable(reason: "a vocabulary of \(vocabularySize) pieces is impossible")
    }
    return try SentencePieceModel.train(sentences: sentences, vocabularySize: size)
  }

  private static let inspectedPieces = 1_000
  /// Far longer than any piece, so that only endless runs of spaces or of one unknown word are cut by it.
  private static let bytesPerPiece = 256

  /// libsentencepiece takes quadratic time for a run of unknown characters: it only gets what can matter.
  private func pieces(of text: String, atMost count: Int) throws(TokenizerError) -> ArraySlice<Int32> {
    let read = text.utf8.index(
      text.startIndex, offsetBy: (min(count, text.utf8.count) + 1) * Self.bytesPerPiece,
      limitedBy: text.endIndex)
    return try model.encode(String(text[..<(read ?? text.endIndex)])).prefix(count)
  }
}
