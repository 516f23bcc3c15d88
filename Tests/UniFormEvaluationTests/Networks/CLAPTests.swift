import Foundation
import Testing
import Torch

@testable import UniFormEvaluation

/// The reference is transformers' `ClapModel`; `Scripts/network-goldens clap` printed the numbers.
@Suite struct CLAPTests {
  static let small = CLAP.Configuration(
    width: 16, depths: [2, 2, 2, 2], heads: [2, 2, 4, 4], output: 24,
    text: .init(vocabulary: 100, width: 32, layers: 2, heads: 4, positions: 40))

  static func weights() throws -> Weights { try FormulaWeights.weights { try CLAP($0, small) } }

  static func network(_ weights: Weights) throws -> CLAP {
    try CLAPKeys.current(weights).network { try CLAP($0, small) }
  }

  /// The waves, as if they were sampled at 48 kHz, as often as they go into ten seconds.
  static var clip: Tensor { FormulaNumbers.sound.repeated(15).unsqueezed(0) }

  @Test func `the front end meets the golden numbers`() {
    let mel = CLAPMel()(Self.clip)
    #expect(mel.shape == [1, 1001, 64])
    expectGolden(
      mel, first: [-1.35401, -0.983494, -0.15464, 0.947106, 1.37465, 1.38197], sum: -1.22021e6, norm: 5603.65,
      tolerance: 2e-4)
  }

  @Test func `a small network meets the golden numbers`() throws {
    let network = try Self.network(Self.weights())
    let sound = try network.embedding(sound: FormulaNumbers.sound)
    expectGolden(
      sound, first: [0.0193372, -0.0299362, -0.148906, -0.124096, -0.0565498, -0.211881], sum: 1.20172,
      norm: 1,
      tolerance: 1e-4)
    let ids = Tensor([0, 17, 42, 99, 2, 0, 5, 2, 1, 1], shape: [2, 5])
    let mask = Tensor([1, 1, 1, 1, 1, 1, 1, 1, 0, 0], shape: [2, 5])
    expectGolden(
      network.embedding(ids: ids, mask: mask),
      first: [-0.148863, 0.233871, 0.330005, -0.0328846, 0.388066, -0.122354], sum: -0.782749,
      norm: 2.0.squareRoot(),
      tolerance: 1e-4)
    // Two at once are as one by one.
    let mels = CLAPMel()(.concatenate([Self.clip, Self.clip * 0.1], axis: 0))
    let both = withoutGradient { network.embedding(logMels: mels) }
    #expect((both.selected(0, 0) - sound).abs.maximum.item < 1e-5)
  }

  @Test func `laion's own names make the same network`() throws {
    let weights = try Self.weights()
    let network = try Self.network(PublishedCLAP.original(weights))
    let expected = try Self.network(weights).embedding(sound: FormulaNumbers.sound)
    #expect((try network.embedding(sound: FormulaNumbers.sound) - expected).abs.maximum.item < 1e-6)
  }

  @Test func `the families have the published sizes, and refuse each other's files`() throws {
    let outline = ParameterStore.outline()
    _ = try CLAP(outline.root, CLAP.Family.unfused.configuration)
    // The published file has 11 counters and tables more per kind, two scales, and 153.5 million numbers.
    #expect(outline.parameterCount / 100_000 == 1534)
    let items = Dictionary(
      uniqueKeysWithValues: outline.entries.map { entry in
        (entry.name, Weights.Item(shape: entry.tensor.shape) { () throws(WeightError) in entry.tensor })
      })
    #expect(throws: WeightError.self) {
      try CLAP(Weights(items: items, source: "unfused"), .musicSpeechAudioSet)
    }
  }

  @Test func `sounds longer than ten seconds are cut, and shorter ones repeated`() throws {
    let network = try Self.network(Self.weights())
    let long = try network.embedding(sound: .concatenate([Self.clip.squeezed(0), .ones([999])], axis: 0))
    let short = try network.embedding(sound: FormulaNumbers.sound)
    #expect((long - short).abs.maximum.item < 1e-6)
    #expect(throws: NetworkInputError.tooFewSamples(network: "CLAP", found: 0, needed: 1)) {
      try network.embedding(sound: .zeros([0]))
    }
  }
}

/// laion_clap's names, made from transformers'.
enum PublishedCLAP {
  static func original(_ weights: Weights) -> Weights {
    var items: [String: Weights.Item] = [:]
    for (name, item) in weights.items {
      guard let renamed = original(name) else {
        if let range = name.range(of: ".self.query.") {
          let parts = ["query", "key", "value"].map {
            weights.items[name.replacingCharacters(in: range, with: ".self.\($0)."), default: item]
          }
          let key = original(name.replacingCharacters(in: range, with: ".qkv."))!
          items[key] = .init(shape: [3 * item.shape[0]] + item.shape.dropFirst()) { () throws(WeightError) in
            var loaded: [Tensor] = []
            for part in parts { loaded.append(try part.load()) }
            return .concatenate(loaded, axis: 0)
          }
        }
        continue
      }
      items[renamed] = item
    }
    let scalar = Weights.Item(shape: []) { () throws(WeightError) in .zeros([]) }
    for name in [
      "logit_scale_a", "audio_branch.bn0.num_batches_tracked", "audio_branch.tscam_conv.weight",
      "audio_branch.head.bias", "audio_branch.logmel_extractor.melW", "audio_transform.sequential.0.weight",
      "audio_branch.layers.0.blocks.0.attn.relative_position_index", "text_branch.embeddings.position_ids",
    ] { items[name] = scalar }
    return Weights(items: items, source: "laion").renamed { "module.\($0)" }
  }

  /// Nil for one of three parts of a tensor.
  private static func original(_ name: String) -> String? {
    if name.hasPrefix("audio_model.") {
      return PublishedHTSAT.original(name)?.replacingOccurrences(
        of: "audio_model.audio_encoder", with: "audio_branch")
    }
    return [("text_model", "text_branch"), ("linear1", "0"), ("linear2", "2")].reduce(name) {
      $0.replacingOccurrences(of: $1.0, with: $1.1)
    }
  }
}

/// HTS-AT's original names, made from transformers'.
enum PublishedHTSAT {
  /// Nil for one of three parts of a tensor.
  static func original(_ name: String) -> String? {
    if [".self.query.", ".self.key.", ".self.value."].contains(where: name.contains) { return nil }
    return [
      ("batch_norm", "bn0"), ("attention.output.dense", "attn.proj"), ("attention.self.", "attn."),
      ("attention.qkv", "attn.qkv"), ("intermediate.dense", "mlp.fc1"), ("output.dense", "mlp.fc2"),
      ("layernorm_before", "norm1"), ("layernorm_after", "norm2"),
    ].reduce(name) { $0.replacingOccurrences(of: $1.0, with: $1.1) }
  }
}
