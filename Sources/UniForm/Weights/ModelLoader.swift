internal import Foundation
public import Torch

/// Each loader maps the part's file into memory and checks its names and shapes; elements are copied only where their
/// type or device changes. Errors are `WeightError` with the file and the tensor.
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

  public func loadTextEncoder(dtype: DType = .float32, device: Device = .cpu) throws -> T5Encoder {
    try load(.textEncoder, dtype, device) { try T5Encoder($0, textEncoder) }
  }

  public func loadTransformer(dtype: DType = .float32, device: Device = .cpu) throws -> UniFormDiT {
    // Adapters are added in float32, and rounded once with what they are added to.
    var weights = try weights(of: .transformer)
    for adapter in adapters { weights = try LowRankAdapterFile(adapter).merged(into: weights) }
    return try weights.network(dtype: dtype, device: device) { try UniFormDiT($0, transformer) }
  }

  public func loadVideoEncoder(dtype: DType = .float32, device: Device = .cpu) throws -> VideoVAE.Encoder {
    try load(.videoVAE, dtype, device, half: .encoder) {
      try VideoVAE.Encoder($0, videoVAE)
    }
  }

  public func loadVideoDecoder(dtype: DType = .float32, device: Device = .cpu) throws -> VideoVAE.Decoder {
    try load(.videoVAE, dtype, device, half: .decoder) {
      try VideoVAE.Decoder($0, videoVAE)
    }
  }

  public func loadAudioEncoder(dtype: DType = .float32, device: Device = .cpu) throws -> AudioVAE.Encoder {
    try load(.audioVAE, dtype, device, half: .encoder) {
      try AudioVAE.Encoder($0, audioVAE)
    }
  }

  public func loadAudioDecoder(dtype: DType = .float32, device: Device = .cpu) throws -> AudioVAE.Decoder {
    try load(.audioVAE, dtype, device, half: .decoder) {
      try AudioVAE.Decoder($0, audioVAE)
    }
  }

  public func loadVocoder(dtype: DType = .float32, device: Device = .cpu) throws -> HiFiGAN {
    try load(.vocoder, dtype, device) { try HiFiGAN($0, vocoder) }
  }

  private func load<Network>(
    _ part: Part, _ dtype: DType, _ device: Device, half: AutoencoderHalf? = nil,
    _ make: (Parameters) throws -> Network
  ) throws -> Network {
    try Weights(contentsOf: weightsURL(part))
      .network(part, dtype: dtype, device: device, half: half, make)
  }

  /// The tensors of a part under this package's names.
  package func weights(of part: Part) throws -> Weights {
    try part.named(Weights(contentsOf: weightsURL(part)))
  }
}
