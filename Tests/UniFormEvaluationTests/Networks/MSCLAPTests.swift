import Foundation
import Testing
import Torch

@testable import UniFormEvaluation

/// The reference is Microsoft's package with a small GPT-2; `Scripts/network-goldens msclap` printed the numbers.
@Suite struct MSCLAPTests {
  static let small = {
    var result = MSCLAP.Configuration()
    result.text = .init(vocabulary: 100, width: 32, layers: 2, heads: 4, positions: 80)
    result.output = 24
    return result
  }()

  private static let htsat = "audio_encoder.base.htsat."

  /// The published file's names and shapes, filled by the formula but for the front end, with what it holds besides.
  static func weights() throws -> Weights {
    let outline = ParameterStore.outline()
    _ = try MSCLAP(outline.root, small)
    let frontEnd = FormulaWeights.librosaFrontEnd(
      transform: 1024, sampleRate: 32_000, lowest: 50, highest: 14_000)
    var shapes: [String: [Int]] = [:]
    for entry in outline.entries where frontEnd[String(entry.name.dropFirst(htsat.count))] == nil {
      let (name, shape) = (entry.name, entry.tensor.shape)
      if name.hasPrefix("caption_encoder.base.h.") {
        shapes[name] = shape.reversed()
      } else if !name.hasPrefix(htsat) {
        shapes[name] = shape
      } else if let original = PublishedHTSAT.original(name) {
        shapes[original] = shape
      } else if name.contains(".self.query.") {
        let joined = name.replacingOccurrences(of: ".self.query.", with: ".qkv.")
        shapes[PublishedHTSAT.original(joined)!] = [3 * shape[0]] + shape.dropFirst()
      }
    }
    var items = FormulaWeights.items(shapes)
    for (name, tensor) in frontEnd {
      items[htsat + name] = .init(shape: tensor.shape) { () throws(WeightError) in tensor }
    }
    let scalar = Weights.Item(shape: []) { () throws(WeightError) in .zeros([]) }
    for name in [
      "logit_scale", htsat + "bn0.num_batches_tracked", htsat + "head.weight", htsat + "tscam_conv.bias",
      htsat + "layers.0.blocks.1.attn_mask", htsat + "layers.0.blocks.0.attn.relative_position_index",
      "caption_encoder.base.h.0.attn.bias",
    ] { items[name] = scalar }
    return Weights(items: items, source: "msclap")
  }

  @Test func `sound and captions meet the golden numbers`() throws {
    let network = try MSCLAP(Self.weights(), Self.small)
    let sound = try network.embedding(sound: FormulaNumbers.sound)
    expectGolden(
      sound, first: [-0.0346888, 0.415539, -0.0230004, 0.296874, -0.0165722, -0.0370792], sum: 0.112147,
      norm: 1,
      tolerance: 1e-4)
    let ids = [17, 42, 99, 50] + Array(repeating: 0, count: 73) + [5, 50] + Array(repeating: 0, count: 75)
    expectGolden(
      network.embedding(tokens: Tensor(ids, shape: [2, 77])),
      first: [-0.202275, -0.114905, 0.162229, -0.265751, -0.119118, 0.138384], sum: 0.0409026,
      norm: 2.0.squareRoot(), tolerance: 1e-4)
    let long = try network.embedding(sound: FormulaNumbers.sound.repeated(12))
    #expect((long - sound).abs.maximum.item < 1e-6)
  }
}
