public import Foundation
internal import Media
public import Torch

/// Captions as the transformer reads them: the states of the text encoder.
///
/// Letters: N captions, L tokens of the longest one, D width.
public struct CaptionStates {
  /// `[N, L, D]`, float32; zero behind a caption's end.
  public let states: Tensor
  /// `[N, L]`: 1 for tokens, 0 behind the end; integers.
  public let mask: Tensor
  /// `[N, L]`: pieces of the vocabulary, then `</s>`, then padding.
  public let ids: Tensor
  /// As they were read: lower case, without surrounding space.
  public let captions: [String]
  /// Captions, by index, whose end was left out: they have more tokens than the model reads.
  public let cut: [Int]
  /// The model's name and ``ModelDirectory/textFingerprint``.
  public let model: String
  public let fingerprint: String

  /// A safetensors file with the tensors `states`, `mask` and `ids`; the captions, as a JSON list, in its metadata.
  public func write(to url: URL) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.withoutEscapingSlashes]
    try SafeTensors.write(
      [("states", states), ("mask", mask), ("ids", ids)],
      metadata: [
        "format": "uniform-text-states", "version": UniFormVersion.current, "model": model,
        "text_encoder": fingerprint,
        "captions": String(decoding: try encoder.encode(captions), as: UTF8.self),
      ], to: url.linkTarget)
  }
}

extension UniFormPipeline {
  /// Captions to states. Each is encoded by itself, as when a clip is generated: its states do not depend on the
  /// others, bit for bit. An empty caption is `</s>` alone.
  ///
  /// - Parameter progress: called often and on the calling thread; false stops with `CancellationError`.
  /// - Throws: ``CodecError`` without captions, ``GenerationError`` for one that cannot be read, and what is wrong with
  ///   the model's files.
  public func embed(
    _ captions: [String], progress: (GenerationProgress) -> Bool = { _ in true }
  ) throws -> CaptionStates {
    guard !captions.isEmpty else { throw CodecError.nothingToEncode }
    let texts = try captions.enumerated().map { index, caption in
      try Caption.cleaned(caption, setting: captions.count > 1 ? "text \(index + 1)" : "text") ?? ""
    }
    let limit = model.transformer.maximumTextLength
    let tokens = try tokenizer().encode(texts, maximumLength: limit)
    let (count, length) = (tokens.count, tokens.length)
    let ids = Tensor(tokens.ids.map(Int.init), shape: [count, length])
    let mask = Tensor(tokens.mask.map(Int.init), shape: [count, length])
    let states = try reporting(progress) { report in
      let encoder = try networks.loadedTextEncoder()
      let pieces = try independentPieces(
        count, on: device, progress: { try report(.encodingText, $0, of: count) },
        compute: { [device] index in
          let row = Tensor(tokens.row(index).map(Int.init)).unsqueezed(0).to(device)  // [1, l]
          let states = encoder(row, mask: row.onesLike, dtype: .float32).hiddenStates.to(.cpu)  // [1, l, D]
          return states.padded([0, 0, 0, length - row.size(1)])  // [1, L, D]
        })
      return Tensor.concatenate(pieces, axis: 0)
    }
    return CaptionStates(
      states: states, mask: mask, ids: ids, captions: texts,
      cut: try texts.indices.filter { try isCut(texts[$0]) }, model: model.name,
      fingerprint: model.textFingerprint)
  }
}
