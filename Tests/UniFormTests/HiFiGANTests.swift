import Foundation
import Testing
import Torch
import UniForm

@Suite struct HiFiGANTests {
  @Test func goldenNumbersAreMet() throws {
    let store = ParameterStore(seed: 0)
    let vocoder = try HiFiGAN(store.root, Self.tiny(mels: 8, channels: 32))
    GoldenFill.fill(store)
    expectGolden(
      vocoder(GoldenFill.input("in.mel", [2, 9, 8])), shape: [2, 1472], mean: 0.2391070,
      deviation: 0.0701391, absoluteMaximum: 0.514561,
      first: [0.171850, 0.039481, 0.152378, 0.135682, 0.191220, 0.200590, 0.178471, 0.201690],
      last: [0.003384, -0.122796, 0.325096])
  }

  @Test func thePublishedModelHasItsPublishedSize() throws {
    let store = ParameterStore(seed: 0)
    _ = try HiFiGAN(store.root)
    #expect(store.entries.count == 196)
    #expect(store.parameterCount == 55_264_897)
  }

  @Test func cropsToWholeFrames() throws {
    let vocoder = try HiFiGAN(ParameterStore(seed: 1).root, Self.tiny(mels: 8, channels: 32))
    let mel = Tensor.randn([2, 5, 8], generator: Generator(seed: 2))
    #expect(vocoder(mel).shape == [2, 832])
    let sound = vocoder.vocode(mel)
    #expect(sound.shape == [2, 800])
    #expect(sound.floats == vocoder(mel).narrowed(1, start: 0, length: 800).floats)
  }

  @Test(arguments: [tiny(mels: 8, channels: 32), unevenRates], [1, 5, 16, 37])
  func chunksGiveTheSameSoundAsTheWhole(configuration: HiFiGAN.Configuration, chunk: Int) throws {
    let vocoder = try Self.filled(configuration)
    let mel = Tensor.randn([1, 90, 8], generator: Generator(seed: 3))
    let difference = Difference(vocoder.vocode(mel, chunk: chunk), vocoder.vocode(mel))
    #expect(difference.absolute < 1e-5, "\(difference)")
  }

  /// Frames whose gradient is not zero are those that a sample depends on.
  @Test(arguments: [tiny(mels: 8, channels: 32), unevenRates])
  func aFrameDependsOnExactlyItsContext(configuration: HiFiGAN.Configuration) throws {
    let vocoder = try Self.filled(configuration)
    let mel = Tensor.randn([1, 90, 8], generator: Generator(seed: 3)).requireGradient()
    let (frame, hop) = (45, configuration.hop)
    vocoder(mel).narrowed(1, start: frame * hop, length: hop).sum.backward()
    let sizes = try #require(mel.gradient).abs.sum([0, 2]).floats
    let touched = sizes.indices.filter { sizes[$0] > 0 }
    #expect(touched.first == frame - vocoder.context.before)
    #expect(touched.last == frame + vocoder.context.after)
  }

  @Test func statisticsAreUsedOnlyWhenAsked() throws {
    var configuration = Self.tiny(mels: 8, channels: 32)
    let mel = Tensor.randn([1, 4, 8], generator: Generator(seed: 3))
    let plain = try Self.filled(configuration)
    configuration.normalizesInput = true
    let store = ParameterStore(seed: 4)
    let normalizing = try HiFiGAN(store.root, configuration)
    GoldenFill.fill(store) { $0 == "mean" || $0 == "scale" }
    for entry in store.entries where entry.isBuffer { entry.tensor.fill_(entry.name == "mean" ? 2 : 3) }
    #expect(Difference(normalizing(mel * 3 + 2), plain(mel)).absolute < 1e-5)
    #expect(Difference(normalizing(mel), plain(mel)).absolute > 1e-3)
  }

  @Test(arguments: [
    #"{"upsample_rates": [5, 4], "upsample_kernel_sizes": [4, 8]}"#,
    #"{"upsample_rates": [999, 999], "upsample_kernel_sizes": [999, 999]}"#,
    #"{"upsample_rates": [5]}"#, #"{"upsample_initial_channel": 48}"#,
    #"{"resblock_kernel_sizes": [4, 7, 11]}"#, #"{"resblock_dilation_sizes": [[1, 3]]}"#,
    #"{"model_in_dim": 0}"#,
  ])
  func impossibleConfigurationsAreRefused(json: String) {
    #expect(throws: ConfigurationError.self) {
      try HiFiGAN.Configuration(json: Data(json.utf8), source: "vocoder")
    }
  }

  static func filled(_ configuration: HiFiGAN.Configuration) throws -> HiFiGAN {
    let store = ParameterStore(seed: 0)
    let vocoder = try HiFiGAN(store.root, configuration)
    GoldenFill.fill(store)
    return vocoder
  }

  static func tiny(mels: Int, channels: Int) -> HiFiGAN.Configuration {
    var configuration = HiFiGAN.Configuration()
    configuration.melCount = mels
    configuration.initialChannels = channels
    return configuration
  }

  static var unevenRates: HiFiGAN.Configuration {
    var configuration = tiny(mels: 8, channels: 16)
    configuration.upsampleRates = [4, 3, 2]
    configuration.upsampleKernels = [9, 7, 4]
    configuration.residualKernels = [3, 5]
    configuration.residualDilations = [[1, 2, 4], [1, 3, 5]]
    return configuration
  }
}

@Suite struct WeightNormTests {
  /// Norms over all axes but the first: rows of length 5 and 10.
  private static func pair(_ gain: String, _ direction: String) -> Weights {
    var items: [String: Weights.Item] = [:]
    items["a." + gain] = .init(shape: [2, 1, 1]) { Tensor([2, 3] as [Float], shape: [2, 1, 1]) }
    items["a." + direction] = .init(shape: [2, 1, 2]) {
      Tensor([3, 4, 6, -8] as [Float], shape: [2, 1, 2])
    }
    items["a.bias"] = .init(shape: [2]) { .ones([2]) }
    return Weights(items: items, source: "test")
  }

  @Test(arguments: [
    ("weight_g", "weight_v"), ("parametrizations.weight.original0", "parametrizations.weight.original1"),
  ])
  func bothSpellingsFold(gain: String, direction: String) throws {
    let folded = try WeightNorm.folded(Self.pair(gain, direction))
    #expect(folded.items.keys.sorted() == ["a.bias", "a.weight"])
    let weight = try #require(folded.items["a.weight"]).load()
    #expect(weight.shape == [2, 1, 2])
    for (value, expected) in zip(weight.floats, [1.2, 1.6, 1.8, -2.4] as [Float]) {
      #expect(abs(value - expected) < 1e-6)
    }
  }

  @Test func aMissingHalfIsNamed() {
    var weights = Self.pair("weight_g", "weight_v")
    weights.items["a.weight_g"] = nil
    #expect(throws: WeightError.missing(tensor: "a.weight_g", file: "test")) {
      try WeightNorm.folded(weights)
    }
  }

  @Test(arguments: ["", "generator.", "vocoder.", "first_stage_model.vocoder."])
  func nestedOriginalLayoutsLoad(prefix: String) throws {
    let fixture = try fixture("hifigan-original-weightnorm")
    let nested = fixture.weights.renamed { prefix + $0 }
    let store = ParameterStore(loading: try VocoderKeys.generator(nested))
    let vocoder = try HiFiGAN(store.root, .init(json: fixture.configuration, source: "fixture"))
    try expectParity(vocoder(fixture.input("mel")), fixture, "waveform")
  }
}
