internal import Foundation
public import Torch

/// Each loader maps the part's file into memory and checks its names and shapes; elements are copied only where their
/// type or device changes. `forInference` packs weights where that makes a network faster; it then records no gradients in
/// them. Errors are `WeightError` with the file and the tensor.
extension ModelDirectory {
  public func loadTokenizer() throws -> T5Tokenizer {
    let tokenizer = try T5Tokenizer(contentsOf: tokenizerURL)
    guard tokenizer.vocabularySize <= textEncoder.vocabularySize else {
      throw ModelError.inconsistent(
        file: url.appending(path: "text_encoder/config.json").path, key: "vocab_size",
        found: "\(textEncoder.vocabularySize)", needed: "\(tokenizer.vocabularySize) or more",
        by: "the tokenizer")
    }
    return tokenizer
  }

  public func loadTextEncoder(
    dtype: DType = .float32, device: Device = .cpu, forInference: Bool = false
  ) throws -> T5Encoder {
    try load(.textEncoder, dtype, device, forInference: forInference) { try T5Encoder($0, textEncoder) }
  }

  public func loadTransformer(
    dtype: DType = .float32, device: Device = .cpu, forInference: Bool = false
  ) throws -> UniFormDiT {
    // Adapters are added in float32, and rounded once with what they are added to.
    var weights = try weights(of: .transformer)
    for adapter in adapters { weights = try LowRankAdapterFile(adapter).merged(into: weights) }
    return try weights.network(dtype: dtype, device: device, forInference: forInference) {
      try UniFormDiT($0, transformer)
    }
  }

  public func loadVideoEncoder(
    dtype: DType = .float32, device: Device = .cpu, forInference: Bool = false
  ) throws -> VideoVAE.Encoder {
    try load(.videoVAE, dtype, device, half: .encoder, forInference: forInference) {
      try VideoVAE.Encoder($0, videoVAE)
    }
  }

  public func loadVideoDecoder(
    dtype: DType = .float32, device: Device = .cpu, forInference: Bool = false
  ) throws -> VideoVAE.Decoder {
    try load(.videoVAE, dtype, device, half: .decoder, forInference: forInference) {
      try VideoVAE.Decoder($0, videoVAE)
    }
  }

  public func loadAudioEncoder(
    dtype: DType = .float32, device: Device = .cpu, forInference: Bool = false
  ) throws -> AudioVAE.Encoder {
    try load(.audioVAE, dtype, device, half: .encoder, forInference: forInference) {
      try AudioVAE.Encoder($0, audioVAE)
    }
  }

  public func loadAudioDecoder(
    dtype: DType = .float32, device: Device = .cpu, forInference: Bool = false
  ) throws -> AudioVAE.Decoder {
    try load(.audioVAE, dtype, device, half: .decoder, forInference: forInference) {
      try AudioVAE.Decoder($0, audioVAE)
    }
  }

  public func loadVocoder(
    dtype: DType = .float32, device: Device = .cpu, forInference: Bool = false
  ) throws -> HiFiGAN {
    try load(.vocoder, dtype, device, forInference: forInference) { try HiFiGAN($0, vocoder) }
  }

  /// The floating-point type that most of a part's weights are stored in; nil where there are none yet.
  func storedDType(_ part: Part) throws -> DType? {
    hasWeights(part) ? try Weights(contentsOf: weightsURL(part)).storedDType : nil
  }

  /// - Throws: `WeightError` where the names or shapes in the files are not those of the parts; elements are not read.
  func checkWeights(of parts: [Part]) throws {
    for part in parts {
      let weights = try part.named(Weights(contentsOf: weightsURL(part)))
      let store = ParameterStore.checking(weights)
      try make(part, store.root)
      try store.requireAllUsed()
    }
  }

  private func load<Network>(
    _ part: Part, _ dtype: DType, _ device: Device, half: AutoencoderHalf? = nil, forInference: Bool,
    _ make: (Parameters) throws -> Network
  ) throws -> Network {
    try Weights(contentsOf: weightsURL(part))
      .network(part, dtype: dtype, device: device, half: half, forInference: forInference, make)
  }

  /// The tensors of a part under this package's names.
  package func weights(of part: Part) throws -> Weights {
    try part.named(Weights(contentsOf: weightsURL(part)))
  }
}
