internal import Foundation
internal import Torch

extension ParityComponent {
  /// Ids must match one by one; places that only one side has hold −1.
  public static let tokenizer = ParityComponent("sentencepiece") { run in
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
    let vocabularySize = try run.configured("vocab_size", in: 1...10_000_000)
    guard tokenizer.vocabularySize == vocabularySize else {
      throw run.unusable("vocab_size is \(vocabularySize), the model has \(tokenizer.vocabularySize) pieces")
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
