import Foundation
import Testing
import Torch
import UniForm

@Suite struct T5EncoderTests {
  @Test func goldenNumbersAreMetPaddedRowsIncluded() throws {
    let configuration = try T5Encoder.Configuration(json: Data(Self.tiny.utf8), source: "tiny")
    let store = ParameterStore(seed: 0)
    let encoder = try T5Encoder(store.root, configuration)
    GoldenFill.fill(store)
    let ids = [7, 3, 44, 19, 8, 21, 1, 0, 0, 0, 5, 6, 1, 0, 0, 0, 0, 0, 0, 0]
    let mask = ids.map { $0 == 0 ? 0 : 1 }
    let result = encoder(Tensor(ids, shape: [2, 10]), mask: Tensor(mask, shape: [2, 10]))
    expectGolden(
      result.hiddenStates, shape: [2, 10, 32], mean: 0.0759888, deviation: 0.9772122,
      absoluteMaximum: 3.123860,
      first: [-0.468604, 0.451866, -1.672588, 0.661169, 0.653784, -0.906514],
      last: [-0.212564, -0.071855, 1.263815])
  }

  @Test func bucketsMatchTheTable() {
    let table = [
      (-200, 15), (-91, 15), (-90, 14), (-64, 14), (-46, 13), (-45, 12), (-32, 12), (-23, 11), (-16, 10),
      (-12, 9), (-11, 8), (-8, 8), (-7, 7), (-1, 1), (0, 0), (1, 17), (7, 23), (8, 24), (11, 24), (12, 25),
      (16, 26), (23, 27), (32, 28), (45, 28), (46, 29), (64, 30), (90, 30), (91, 31), (128, 31), (299, 31),
    ]
    let buckets = RelativePositionBuckets()
    for (offset, bucket) in table { #expect(buckets.bucket(offset) == bucket, "\(offset)") }
  }

  @Test(arguments: ["shared.weight", "encoder.embed_tokens.weight"])
  func eitherNameOfTheEmbeddingWillDo(kept: String) throws {
    let fixture = try fixture("t5-encoder-b")
    let both = try encoder(T5Keys.encoder(fixture.weights), fixture)
    let names = ["shared.weight", "encoder.embed_tokens.weight"]
    let one = fixture.weights.renamed { names.contains($0) && $0 != kept ? nil : $0 }
    let (ids, mask) = (try fixture.input("input_ids"), try fixture.input("attention_mask"))
    let result = try encoder(T5Keys.encoder(one), fixture)(ids, mask: mask)
    #expect(result.hiddenStates.floats == both(ids, mask: mask).hiddenStates.floats)
  }

  @Test func decoderAndHeadAreIgnored() throws {
    let fixture = try fixture("t5-encoder-a")
    var weights = fixture.weights
    let extra = Weights.Item(shape: [1]) { .zeros([1]) }
    weights.items["decoder.block.0.layer.0.layer_norm.weight"] = extra
    weights.items["lm_head.weight"] = extra
    let store = ParameterStore(loading: T5Keys.encoder(weights))
    _ = try T5Encoder(store.root, .init(json: fixture.configuration, source: "t5-encoder-a"))
    try store.requireAllUsed()
  }

  @Test(arguments: [DType.float16, .bfloat16])
  func halfPrecisionFilesAreWidened(stored: DType) throws {
    let fixture = try fixture("t5-encoder-a")
    var weights = fixture.weights
    for (name, item) in weights.items {
      weights.items[name] = Weights.Item(shape: item.shape) { () throws(WeightError) in
        try item.load().to(stored)
      }
    }
    let (ids, mask) = (try fixture.input("input_ids"), try fixture.input("attention_mask"))
    let result = try encoder(T5Keys.encoder(weights), fixture)(ids, mask: mask).hiddenStates
    #expect(result.dtype == .float32)
    let rows = mask.to(.float32).unsqueezed(2)
    let difference = Difference(result * rows, try fixture.output("last_hidden_state") * rows)
    #expect(difference.absolute < (stored == .float16 ? 0.02 : 0.1), "\(difference)")
  }

  @Test func bfloat16StaysCloseToFloat32() throws {
    let fixture = try fixture("t5-encoder-a")
    let (ids, mask) = (try fixture.input("input_ids"), try fixture.input("attention_mask"))
    let encoder = try encoder(T5Keys.encoder(fixture.weights), fixture)
    let half = encoder(ids, mask: mask, dtype: .bfloat16).hiddenStates
    #expect(half.dtype == .bfloat16)
    let rows = mask.to(.float32).unsqueezed(2)
    let error = (half.to(.float32) - encoder(ids, mask: mask).hiddenStates) * rows
    #expect(error.abs.maximum.item < 0.15)
    #expect(error.abs.mean.item < 0.015)
  }

  @Test func float16IsRefused() {
    let store = ParameterStore(seed: 0, dtype: .float16)
    #expect(throws: ConfigurationError.self) { try T5Encoder(store.root, Self.tinyConfiguration()) }
  }

  @Test func paddingDoesNotChangeTheTokens() throws {
    let encoder = try T5Encoder(ParameterStore(seed: 5).root, Self.tinyConfiguration())
    let short = encoder(Tensor([9, 8, 1], shape: [1, 3]), mask: Tensor([1, 1, 1], shape: [1, 3]))
    let long = encoder(
      Tensor([9, 8, 1, 0, 0], shape: [1, 5]), mask: Tensor([1, 1, 1, 0, 0], shape: [1, 5]))
    let tokens = long.hiddenStates.narrowed(1, start: 0, length: 3)
    #expect(Difference(tokens, short.hiddenStates).absolute < 1e-5)
  }

  @Test func newParametersGiveOrdinaryActivations() throws {
    let encoder = try T5Encoder(ParameterStore(seed: 1).root, Self.tinyConfiguration())
    let ids = Tensor((0..<24).map { $0 * 7 % 50 }, shape: [2, 12])
    let deviation = encoder(ids, mask: .ones([2, 12])).hiddenStates.standardDeviation([0, 1, 2]).item
    #expect((0.5...1.5).contains(deviation))
  }

  @Test func otherFeedForwardLayersAreRefused() {
    #expect(throws: ConfigurationError.self) {
      try T5Encoder.Configuration(json: Data(#"{"feed_forward_proj": "relu"}"#.utf8), source: "t5")
    }
  }

  static let tiny = #"""
    {"vocab_size": 50, "d_model": 32, "d_kv": 8, "d_ff": 48, "num_layers": 2, "num_heads": 3}
    """#

  static func tinyConfiguration() throws -> T5Encoder.Configuration {
    try .init(json: Data(tiny.utf8), source: "tiny")
  }

  private func encoder(_ weights: Weights, _ fixture: ParityFixture) throws -> T5Encoder {
    try T5Encoder(
      ParameterStore(loading: weights).root, .init(json: fixture.configuration, source: "fixture"))
  }
}
