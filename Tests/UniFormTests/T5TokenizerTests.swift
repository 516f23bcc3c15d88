import Foundation
import Testing
import Torch

@testable import UniForm

@Suite("T5 tokenizer")
struct T5TokenizerTests {
  let model: [UInt8]
  let tokenizer: T5Tokenizer
  let fixture: ParityFixture

  init() throws {
    let url = try #require(
      Bundle.module.url(
        forResource: "sentencepiece-a", withExtension: "safetensors", subdirectory: "Fixtures"))
    fixture = try ParityFixture(contentsOf: url)
    model = try fixture.file.tensor("weights.spiece_model").values(as: UInt8.self)
    tokenizer = try T5Tokenizer(model: model)
  }

  @Test("gives a text the same ids alone and in a batch")
  func batchesMatchTexts() throws {
    let texts = try JSONDecoder().decode(
      [String].self, from: Data(try #require(fixture.file.metadata["texts"]).utf8))
    try #require(texts.count > 20)
    let batch = try tokenizer.encode(texts, maximumLength: 1_000)
    for (index, text) in texts.enumerated() {
      let alone = try tokenizer.encode(text, maximumLength: 1_000).row(0)
      #expect(batch.row(index) == alone, "\(text.debugDescription)")
    }
  }

  @Test("pads a batch to its longest caption and masks the padding")
  func padsBatch() throws {
    let tokens = try tokenizer.encode(["A dog barks loudly in the park.", "", "a"], maximumLength: 300)
    #expect(tokens.count == 3 && tokens.length == 9)
    #expect(tokens.ids.suffix(9) == [5, 1, 0, 0, 0, 0, 0, 0, 0])
    #expect(tokens.mask.suffix(9) == [1, 1, 0, 0, 0, 0, 0, 0, 0])
    #expect(tokens.row(1) == [T5Tokenizer.endOfSequence])
    let padded = tokens.padded(to: 12)
    #expect(padded.length == 12 && padded.ids.count == 36)
    #expect((0..<3).map(padded.row) == (0..<3).map(tokens.row))
  }

  @Test("cuts a long caption and still ends it", arguments: [1, 2, 5, 8])
  func truncates(maximumLength: Int) throws {
    let text = "A dog barks loudly in the park."
    let whole = try tokenizer.encode(text, maximumLength: 300).row(0)
    let cut = try tokenizer.encode(text, maximumLength: maximumLength).row(0)
    #expect(cut == whole.prefix(maximumLength - 1) + [T5Tokenizer.endOfSequence])
    #expect(try tokenizer.encode(text, maximumLength: .max).row(0) == whole)
  }

  @Test(
    "never takes a control piece or sentinel from inside a text",
    arguments: ["</s>", "<pad>", "<extra_id_0>"])
  func controlPieces(text: String) throws {
    let ids = try tokenizer.encode("before \(text) after", maximumLength: 100).row(0)
    #expect(!ids.dropLast().contains { $0 <= 1 })
  }

  @Test(
    "takes 100,000 characters of any kind in its stride",
    arguments: [
      "a", "日", "rain on a roof ", " ", "\0", "\u{1}\u{7F}\u{85}", "▁", "é\u{301}\u{302}", "👩‍👩‍👧", "ﬁ½", ".",
    ])
  func longTexts(unit: String) throws {
    let text = String(repeating: unit, count: 100_000 / unit.count)
    try #require(text.count > 90_000)
    let clock = ContinuousClock()
    let elapsed = try clock.measure {
      let tokens = try tokenizer.encode(text, maximumLength: 300)
      #expect(tokens.length <= 300 && tokens.ids.last == 1)
    }
    #expect(elapsed < .seconds(2))
  }

  @Test("keeps what stands behind a NUL")
  func embeddedNUL() throws {
    let ids = try tokenizer.encode("dog\0dog", maximumLength: 100).row(0)
    #expect(ids.count > (try tokenizer.encode("dog", maximumLength: 100).row(0).count))
  }

  @Test("tells how much of a caption it knows")
  func knownWords() throws {
    #expect(try tokenizer.unknownFraction("A dog barks loudly in the park.") == 0)
    #expect(try tokenizer.unknownFraction("") == 0)
    #expect(try tokenizer.unknownFraction("日本語") == 0.5)
    #expect(try tokenizer.knownWords("A dog barks loudly in the park.").contains("the"))
    #expect(try tokenizer.knownWords("日本語 zyxw qqq 🎹") == [])
  }

  @Test("gives the same ids from many threads")
  func threads() async throws {
    let tokenizer = tokenizer
    let text = "the drummer plays slowly on a wooden stage"
    let expected = try tokenizer.encode(text, maximumLength: 100)
    try await withThrowingTaskGroup(of: TextTokens.self) { group in
      for _ in 0..<64 { group.addTask { try tokenizer.encode(text, maximumLength: 100) } }
      for try await tokens in group { #expect(tokens == expected) }
    }
  }

  @Test("refuses a truncated model wherever it was cut")
  func truncatedModel() {
    // Every cut among the first pieces, those between two of them included, and some in the rest.
    let cuts = Array(0..<3_000) + Array(stride(from: 3_000, to: model.count - 1, by: 4_001))
    for cut in cuts {
      #expect(throws: TokenizerError.self) { try T5Tokenizer(model: Array(model.prefix(cut))) }
    }
  }

  @Test("names the file that is missing or no model")
  func brokenFiles() throws {
    let missing = URL(filePath: "/no/such/spiece.model")
    #expect { try T5Tokenizer(contentsOf: missing) } throws: { "\($0)".hasPrefix("/no/such/spiece.model: ") }
    #expect(throws: TokenizerError.self) { try T5Tokenizer(contentsOf: URL(filePath: "/")) }
    #expect(throws: TokenizerError.self) { try T5Tokenizer(model: Array("not a model".utf8), name: "x") }
  }

  @Test("trains a vocabulary of its own, the same every time")
  func trains() throws {
    let subjects = ["heavy rain", "a bouncing ball", "a bell", "the hammer", "thunder and lightning"]
    let places = ["on a tin roof", "in the hall", "by the sea", "far away", "close by"]
    let sentences = subjects.flatMap { subject in places.map { "\(subject) \($0)" } }
    let bytes = try T5Tokenizer.train(sentences: sentences, vocabularySize: 36)
    #expect(try T5Tokenizer.train(sentences: sentences, vocabularySize: 36) == bytes)

    let trained = try T5Tokenizer(model: bytes)
    #expect(trained.vocabularySize == 36)
    #expect((0..<3).map(trained.piece) == ["<pad>", "</s>", "<unk>"])
    for sentence in sentences { #expect(try trained.unknownFraction(sentence) == 0) }
    #expect(
      try trained.encode("ｒａｉｎ", maximumLength: 9) == trained.encode("rain", maximumLength: 9),
      "nmt_nfkc makes full-width letters plain")
  }

  @Test("says why no vocabulary can be trained")
  func impossibleTraining() {
    #expect(throws: TokenizerError.self) { try T5Tokenizer.train(sentences: [], vocabularySize: 100) }
    #expect(throws: TokenizerError.self) { try T5Tokenizer.train(sentences: ["a b"], vocabularySize: 2) }
    #expect { try T5Tokenizer.train(sentences: ["a b", "b a"], vocabularySize: 5_000) } throws: {
      "\($0)".contains("5000")
    }
  }
}
