import Foundation
import Testing
import Torch

@testable import UniFormEvaluation

/// Small vocabularies through ImageBind's and transformers' tokenizers; `Scripts/network-goldens tokenizers` printed the
/// ids.
@Suite struct TextTokenizerTests {
  static let texts = [
    "The dogs bark, and it's raining  hard!", "  Two\n spaces\tand 1234 digits...", "café ☃ I'LL we've",
    "the the then", "", "x² ½ жук 日本",
  ]
  static let merges = ["t h", "i n", "th e", "a n", "r a", "d o", "do g", "b a", "in g", "the n"]

  static func file(_ lines: [String]) throws -> URL {
    let url = FileManager.default.temporaryDirectory.appending(
      path: "uniform-merges-\(UUID().uuidString).txt")
    try lines.joined(separator: "\n").write(to: url, atomically: true, encoding: .utf8)
    return url
  }

  @Test func `CLIP's pieces are those of the reference`() throws {
    let url = try Self.file(["#version: 0.2"] + Self.merges + ["the </w>", "the n</w>"])
    defer { try? FileManager.default.removeItem(at: url) }
    let tokenizer = try CLIPTokenizer(contentsOf: url)
    let expected = [
      [
        512, 324, 518, 338, 519, 81, 330, 267, 515, 323, 72, 339, 6, 338, 516, 513, 513, 326, 71, 64, 81, 323,
        256,
      ],
      [
        83, 86, 334, 82, 79, 64, 66, 68, 338, 515, 323, 272, 273, 274, 275, 67, 72, 70, 72, 83, 338, 13, 13,
        269,
      ], [66, 64, 69, 127, 358, 158, 246, 481, 328, 6, 75, 331, 86, 324, 6, 85, 324],
      [512, 324, 512, 324, 523], [],
      [343, 126, 366, 126, 377, 140, 114, 141, 225, 140, 374, 162, 245, 98, 162, 250, 361],
    ]
    for (text, ids) in zip(Self.texts, expected) { #expect(tokenizer.ids(text) == ids, "\(text)") }
    #expect(tokenizer.ids("the &lt;\u{2019}s") == tokenizer.ids("the <'s"))
    let table = tokenizer(["", String(repeating: "x ", count: 99)])
    #expect(table.shape == [2, 77])
    #expect(table.selected(0, 0).values(as: Int.self).prefix(3) == [524, 525, 0])
    #expect(table.selected(0, 1).values(as: Int.self).last == 525)
  }

  @Test func `RoBERTa's pieces are those of the reference`() throws {
    let spaced = Self.merges + ["Ġ the", "Ġ a"]
    let pieces =
      ["<s>", "<pad>", "</s>", "<unk>"]
      + BytePairMerges.letters.sorted { $0.unicodeScalars.first!.value < $1.unicodeScalars.first!.value }
      + spaced.map { $0.replacingOccurrences(of: " ", with: "") }
    let vocabulary = Dictionary(uniqueKeysWithValues: pieces.enumerated().map { ($1, $0) })
    let json = String(decoding: try JSONEncoder().encode(vocabulary), as: UTF8.self)
    let (table, merges) = (try Self.file([json]), try Self.file(["#version: 0.2"] + spaced))
    defer { for url in [table, merges] { try? FileManager.default.removeItem(at: url) } }
    let tokenizer = try RoBERTaTokenizer(vocabulary: table, merges: merges)
    let expected = [
      [
        0, 55, 75, 72, 224, 266, 86, 224, 267, 85, 78, 15, 224, 263, 71, 224, 76, 87, 10, 86, 224, 264, 261,
        268,
        224, 224, 75, 68, 85, 71, 4, 2,
      ],
      [
        0, 224, 224, 55, 90, 82, 202, 224, 86, 83, 68, 70, 72, 86, 201, 263, 71, 224, 20, 21, 22, 23, 224, 71,
        76,
        74, 76, 87, 86, 17, 17, 17, 2,
      ], [0, 70, 68, 73, 131, 106, 224, 162, 250, 229, 224, 44, 10, 47, 47, 224, 90, 72, 10, 89, 72, 2],
      [0, 262, 270, 224, 269, 2], [0, 2],
      [
        0, 91, 130, 114, 224, 130, 125, 224, 144, 118, 145, 229, 144, 122, 224, 166, 249, 102, 166, 254, 109,
        2,
      ],
    ]
    for (text, ids) in zip(Self.texts, expected) { #expect(tokenizer.ids(text) == ids, "\(text)") }
    let (ids, mask) = tokenizer(["", "the"])
    #expect(ids.values(as: Int.self) == [0, 2, 1, 0, 262, 2])
    #expect(mask.values(as: Int.self) == [1, 1, 0, 1, 1, 1])

    // GPT-2's differs in its ends alone. A caption that is too long loses its end, as in the reference.
    #expect(throws: NetworkInputError.badVocabulary(file: table.path, reason: "it has no <|endoftext|>")) {
      try GPT2Tokenizer(vocabulary: table, merges: merges)
    }
    let extended = try Self.file([String(json.dropLast()) + ",\"<|endoftext|>\": 999}"])
    defer { try? FileManager.default.removeItem(at: extended) }
    let rows = try GPT2Tokenizer(vocabulary: extended, merges: merges)([
      "the the", String(repeating: "x ", count: 99),
    ])
    #expect(rows.shape == [2, 77])
    #expect(rows.selected(0, 0).values(as: Int.self).prefix(5) == [262, 270, 224, 999, 0])
    #expect(!rows.selected(0, 1).values(as: Int.self).contains(999))
  }

  @Test func `files that are no vocabulary are named in one line`() throws {
    let url = try Self.file(["#version", "a b c"])
    defer { try? FileManager.default.removeItem(at: url) }
    #expect(
      throws: NetworkInputError.badVocabulary(
        file: url.path, reason: "line \"a b c\" of the merges is no pair")
    ) {
      try CLIPTokenizer(contentsOf: url)
    }
    let missing = URL(filePath: "/nowhere/merges.txt")
    #expect(throws: NetworkInputError.badVocabulary(file: missing.path, reason: "it cannot be read as text"))
    {
      try CLIPTokenizer(contentsOf: missing)
    }
    #expect(throws: NetworkInputError.self) { try RoBERTaTokenizer(vocabulary: url, merges: url) }
  }
}
