internal import Foundation
internal import Torch

extension ParityComponent {
  /// Ids must match one by one; places that only one side has hold −1.
  public static let tokenizer = ParityComponent("sentencepiece") { run in
    let configuration = try run.configuration(TokenizerConfiguration.self)
    let texts = try run.metadata("texts", as: [String].self)
    let expected = try run.metadata("ids", as: [[Int]].self)
    guard texts.count == expected.count, !texts.isEmpty else {
      throw run.unusable("it has \(texts.count) texts and \(expected.count) lists of ids")
    }
    let item = try run.weights.items["spiece_model"]?.load()
    guard let bytes = item, bytes.dtype == .uint8 else {
      throw run.unusable("weights.spiece_model holds no bytes")
    }
    let tokenizer = try T5Tokenizer(model: bytes.values(), name: "weights.spiece_model")
    guard tokenizer.vocabularySize == configuration.vocabularySize else {
      throw run.unusable(
        "vocab_size is \(configuration.vocabularySize), the model has \(tokenizer.vocabularySize) pieces")
    }
    let tokens = try tokenizer.encode(texts, maximumLength: 65_536)
    let found = (0..<tokens.count).map { tokens.row($0).map(Int.init) }
    let longest = (found + expected).map(\.count).max() ?? 0
    func table(_ rows: [[Int]]) -> Tensor {
      let padded = rows.flatMap { $0 + Array(repeating: -1, count: longest - $0.count) }
      return Tensor(padded, shape: [rows.count, longest])
    }
    run.compare(table(found), with: table(expected), "ids")
  }
}

/// How a T5 tokenizer is made; all but the size of its vocabulary is fixed.
private struct TokenizerConfiguration: JSONConfiguration {
  var vocabularySize = 32_000
  var modelType = "unigram"
  var padding = 0
  var endOfSequence = 1
  var unknown = 2
  var addsEnd = true
  var addsDummyPrefix = true
  var removesExtraSpaces = true
  var escapesSpaces = true

  enum CodingKeys: String, CodingKey {
    case vocabularySize = "vocab_size"
    case modelType = "model_type"
    case padding = "pad_id"
    case endOfSequence = "eos_id"
    case unknown = "unk_id"
    case addsEnd = "add_eos"
    case addsDummyPrefix = "add_dummy_prefix"
    case removesExtraSpaces = "remove_extra_whitespaces"
    case escapesSpaces = "escape_whitespaces"
  }

  func validate() throws(ConfigurationError) {
    var t5 = Self()
    t5.vocabularySize = vocabularySize
    guard self == t5 else {
      throw ConfigurationError(
        "only T5's kind is supported: unigram, pad_id 0, eos_id 1, unk_id 2, and every other field true")
    }
  }
}
