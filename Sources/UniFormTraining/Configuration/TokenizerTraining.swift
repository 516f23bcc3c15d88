internal import Foundation
internal import Scenes
public import UniForm

/// The training of a tokenizer on captions of scenes: a configuration of its own, since nothing is optimised.
public struct TokenizerTraining: JSONConfiguration {
  public var subject = TrainingSubject.tokenizer
  /// The model directory that the tokenizer goes into.
  public var model = ""
  /// Captions to train on.
  public var captions = 20_000
  /// Pieces of the vocabulary.
  public var vocabularySize = 352
  public var seed: UInt64 = 42

  public init() {}

  enum CodingKeys: String, CodingKey {
    case model, captions, seed
    case subject = "train"
    case vocabularySize = "vocabulary_size"
  }

  public func validate() throws(ConfigurationError) {
    guard !model.isEmpty else {
      throw ConfigurationError("\"model\" is missing: the model directory to train in")
    }
    guard captions > 0, vocabularySize > 3 else {
      throw ConfigurationError("captions must be positive and vocabulary_size more than 3")
    }
  }

  /// Trains, and returns the bytes of `tokenizer/spiece.model`.
  public func run() throws -> [UInt8] {
    let renderer = SceneRenderer(geometry: SceneGeometry())
    let sentences = (0..<captions).map {
      renderer.caption(seed: SceneRenderer.clipSeed(datasetSeed: seed, index: $0))
    }
    return try T5Tokenizer.train(sentences: sentences, vocabularySize: vocabularySize)
  }
}
