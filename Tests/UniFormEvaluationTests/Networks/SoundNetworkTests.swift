import Foundation
import Testing
import Torch

@testable import UniFormEvaluation

@Suite struct VGGishTests {
  @Test func `the front end meets the golden numbers`() {
    let patches = AudioSetLogMel(offset: 0.01).patches(FormulaNumbers.sound, hop: 96)
    #expect(patches.shape == [2, 96, 64])
    expectGolden(
      patches, first: [-2.18905, -1.04336, -1.11642, -0.822275, -1.18898, -0.041003], sum: 4493.37,
      norm: 138.699, tolerance: 1e-5)
  }

  @Test func `features meet the golden numbers`() throws {
    let outline = ParameterStore.outline()
    _ = try VGGish(outline.root)
    let names = outline.entries.map(\.name).filter { !$0.hasPrefix("pproc") }
    #expect(names.count == 18)
    let shapes = Dictionary(
      uniqueKeysWithValues: outline.entries.filter { names.contains($0.name) }.map {
        ($0.name, $0.tensor.shape)
      })
    var items = FormulaWeights.items(shapes)
    let plain = try VGGish(Weights(items: items, source: "formula"))
    #expect(plain.quantized(.zeros([1, 128])) == nil)
    // The waves have no mean to speak of, and need no padding.
    let features = try plain.features(FormulaNumbers.sound, .plain)
    #expect(features.shape == [2, 128])
    expectGolden(
      features.selected(0, 0), first: [1.89249, 0.955414, -5.99493, -6.6145, 1.14507, 0.799238],
      sum: -41.3095,
      norm: 40.8381, tolerance: 1e-4)
    expectGolden(
      features.selected(0, 1), first: [1.82594, 0.770864, -5.33499, -6.54797, 1.28817, 0.961236],
      sum: -34.2682, norm: 40.8684, tolerance: 1e-4)

    let levelled = try plain.features(FormulaNumbers.sound + 0.1, .audioLDM)
    #expect((levelled - features).abs.maximum.item < 0.05)
    #expect(
      try plain.features(FormulaNumbers.sound.narrowed(0, start: 0, length: 400), .audioLDM).shape == [
        2, 128,
      ])
    let google = try plain.features(FormulaNumbers.sound, .google)
    #expect(google.shape == [3, 128])
    let peak = FormulaNumbers.sound.maximum.item
    #expect((google.selected(0, 0) - features.selected(0, 0)).abs.maximum.item > 0.1)
    let scaled = try plain.features(FormulaNumbers.sound / peak, .plain)
    #expect((google.selected(0, 0) - scaled.selected(0, 0)).abs.maximum.item < 1e-3)

    var identity = [Float](repeating: 0, count: 128 * 128)
    for index in 0..<128 { identity[index * 129] = 1 }
    for (name, tensor) in [
      "pca_eigen_vectors": Tensor(identity, shape: [128, 128]), "pca_means": Tensor.full([128, 1], 0.5),
    ] {
      items[name] = .init(shape: tensor.shape) { () throws(WeightError) in tensor }
    }
    let quantizing = try VGGish(Weights(items: items, source: "formula"))
    let row = Tensor.full([1, 128], 0.5).narrowed(1, start: 0, length: 125)
    let steps = quantizing.quantized(
      .concatenate([Tensor([-9, 9, 1.5] as [Float], shape: [1, 3]), row], axis: 1))
    #expect(steps?.floats.prefix(4) == [0, 255, 191, 128])
  }
}

@Suite struct YAMNetTests {
  /// The first 15 600 samples of the waves.
  static var second: Tensor { FormulaNumbers.sound.narrowed(0, start: 0, length: 15_600) }

  @Test func `the front end meets the golden numbers`() {
    let patches = AudioSetLogMel(offset: 0.001).patches(Self.second, hop: 48)
    #expect(patches.shape == [1, 96, 64])
    expectGolden(patches, first: [-2.2728, -1.0692, -1.1443, -0.843], tolerance: 1e-4)
  }

  @Test func `patches of half a second each give features and logits`() throws {
    let network = try YAMNet(FormulaWeights.weights { try YAMNet($0) })
    let (features, logits) = try network(FormulaNumbers.sound)
    #expect(features.shape == [3, 1024] && logits.shape == [3, 521])
    #expect(logits.isFinite.allTrue && logits.standardDeviation([0, 1]).item > 0.01)
    #expect(throws: NetworkInputError.tooFewSamples(network: "YAMNet", found: 15_599, needed: 15_600)) {
      try network(Self.second.narrowed(0, start: 0, length: 15_599))
    }
  }

  /// Where `UNIFORM_YAMNET_WEIGHTS` names the published weights.
  @Test(.enabled(if: realWeights != nil, "UNIFORM_YAMNET_WEIGHTS names no weight file"))
  func `the real weights meet the golden numbers`() throws {
    let network = try YAMNet(Weights(contentsOf: try #require(realWeights)))
    let (features, logits) = try network(Self.second)
    expectGolden(logits, first: [-4.8915, -13.0673, -9.4621, -7.8219, -25.0043, -9.0617], tolerance: 1e-4)
    #expect(abs(features.sum.item - 54.5375) < 0.01)
    #expect(abs(features.floats[3] - 0.00716) < 1e-4)
  }
}

private let realWeights = ProcessInfo.processInfo.environment["UNIFORM_YAMNET_WEIGHTS"].map {
  URL(filePath: $0)
}

@Suite struct Cnn14Tests {
  static var frontEnd: [String: Tensor] {
    FormulaWeights.librosaFrontEnd(transform: 512, sampleRate: 16_000, lowest: 50, highest: 8000)
  }

  @Test func `front end, features and logits meet the golden numbers`() throws {
    let weights = try FormulaWeights.weights(fixed: Self.frontEnd) { try Cnn14($0) }
    let network = try Cnn14(weights)
    let mel = withoutGradient { network.logMel(FormulaNumbers.sound.unsqueezed(0)) }
    #expect(mel.shape == [1, 201, 64])
    expectGolden(
      mel.selected(1, 0), first: [2.88884, 2.52768, 4.23075], sum: -704.329, norm: 133.323, tolerance: 1e-4)
    expectGolden(
      mel.selected(1, 50), first: [-22.9713, -19.0533, -18.6155], sum: -1295.0, norm: 186.105, tolerance: 1e-4
    )
    let (features, logits) = try network(FormulaNumbers.sound)
    expectGolden(features, first: [0, 31.1701, 0, 63.0049, 0, 13.207], sum: 54205.5, norm: 2109.26)
    expectGolden(
      logits, first: [-102.539, -4.75588, 199.938, -147.348, -62.0524, -95.6994], sum: -362.413, norm: 1526.11
    )
    #expect(throws: NetworkInputError.tooFewSamples(network: "Cnn14", found: 4959, needed: 4960)) {
      try network(.zeros([4959]))
    }
    #expect(try network(.zeros([4960])).features.shape == [2048])
  }
}
