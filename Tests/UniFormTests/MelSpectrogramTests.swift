import Foundation
import Media
import Testing
import Torch
import UniForm

@Suite struct MelSpectrogramTests {
  /// Four seconds of a tone, a chirp, and a third tone in the second half.
  static var goldenWaveform: Tensor {
    let samples: [Float] = (0..<64_000).map { n in
      let t = Double(n) / 16_000
      let late = n > 32_000 ? 0.05 * cos(2 * .pi * 3000 * t) : 0
      return Float(0.4 * sin(2 * .pi * 440 * t) + 0.2 * sin(2 * .pi * (1000 * t + 187.5 * t * t)) + late)
    }
    return Tensor(samples, shape: [1, 64_000])
  }

  @Test func variantAMatchesTheGoldenNumbers() throws {
    let mel = try MelSpectrogram()(Self.goldenWaveform).squeezed(0)
    expectGolden(
      mel, shape: [401, 64], mean: -8.95575, deviation: 3.381585,
      first: [-1.010235, -0.980126, -0.927635, -0.847335], tolerance: 1e-3)
    expect(mel, row: 399, from: 40, [-0.363702, -2.454836, -3.639192, -1.995573])
    #expect(abs(mel.maximum.item - 1.098596) < 1e-4)
    #expect(abs(mel.minimum.item + 11.512925) < 1e-5)
  }

  @Test func variantBMatchesTheGoldenNumbers() throws {
    var configuration = MelSpectrogram.Configuration()
    configuration.variant = .hopAligned
    let mel = try MelSpectrogram(configuration)(Self.goldenWaveform).squeezed(0)
    expectGolden(
      mel, shape: [400, 64], mean: -8.973044, deviation: 3.374340,
      first: [-1.071080, -1.041095, -0.988420, -0.908310], tolerance: 1e-3)
    expect(mel, row: 100, from: 20, [-9.985279, -9.864444, -9.582485, -9.048675], tolerance: 1e-2)
    expect(mel, row: 399, from: 40, [-0.347914, -2.268113, -3.461403, -1.974052])
    #expect(abs(mel.maximum.item - 1.099564) < 1e-4)
    #expect(abs(mel.minimum.item + 11.512925) < 1e-5)
  }

  @Test func filtersMatchTheGoldenNumbers() {
    let edges = MelFilterBank.edges(filterCount: 64, lowest: 0, highest: 8000)
    let golden = [0, 46.40579, 92.81157, 139.21736]
    for (edge, expected) in zip(edges, golden) { #expect(abs(edge - expected) < 1e-5) }
    for (edge, expected) in zip(edges.suffix(3), [7269.78804, 7626.15921, 8000]) {
      #expect(abs(edge - expected) < 1e-5)
    }
    let bank = MelFilterBank(
      filterCount: 64, transformLength: 1024, sampleRate: 16_000, lowest: 0, highest: 8000)
    let row = [0, 0.00725564, 0.01451128, 0.02133115, 0.01407551, 0.00681987]
    for (weight, expected) in zip(bank.weights, row) { #expect(abs(weight - expected) < 1e-8) }
    #expect(abs(bank.weights.reduce(0, +) - 4.09588) < 1e-5)
  }

  @Test(arguments: MelSpectrogram.Variant.allCases)
  func silenceIsTheFloorEverywhere(variant: MelSpectrogram.Variant) throws {
    var configuration = MelSpectrogram.Configuration()
    configuration.variant = variant
    let mel = try MelSpectrogram(configuration)(.zeros([2, 4000]))
    #expect(MelSpectrogram.silence == log(1e-5))
    #expect(mel.floats.allSatisfy { abs(Double($0) - MelSpectrogram.silence) < 1e-5 })
  }

  @Test func frameCountsAgreeWithTheResult() throws {
    for variant in MelSpectrogram.Variant.allCases {
      var configuration = MelSpectrogram.Configuration()
      configuration.variant = variant
      let mel = try MelSpectrogram(configuration)
      for count in [1, 159, 600, 16_000, 16_123] {
        #expect(mel(.zeros([1, count])).size(1) == mel.frameCount(samples: count), "\(variant) \(count)")
      }
    }
  }

  /// A step against the gradient of a mel distance must shorten the distance by what the gradient says.
  @Test func gradientsReachTheWaveform() throws {
    let mel = try MelSpectrogram()
    let generator = Generator(seed: 3)
    let target = mel(Tensor.randn([1, 3200], generator: generator) * 0.1)
    let x = (Tensor.randn([1, 3200], generator: generator) * 0.1).requireGradient()
    let loss = mel(x).meanAbsoluteError(target)
    loss.backward()
    let gradient = try #require(x.gradient)
    let size = gradient.squared.sum.item
    #expect(size > 0)
    let step = 1e-4 / size.squareRoot()
    let after = withoutGradient { mel(x.detached - gradient * step).meanAbsoluteError(target).item }
    let predicted = step * size
    #expect(abs((loss.item - after) / predicted - 1) < 0.1)
  }

  @Test func silenceHasFiniteGradients() throws {
    let x = Tensor.zeros([1, 2000]).requireGradient()
    try MelSpectrogram()(x).sum.backward()
    #expect(try #require(x.gradient).isFinite.allTrue)
  }

  @Test func impossibleFrequenciesAreRefused() {
    #expect(throws: ConfigurationError.self) {
      try MelSpectrogram.Configuration(json: Data(#"{"fmax": 9000}"#.utf8), source: "mel.json")
    }
  }
}

@Suite struct WaveformNormalizationTests {
  @Test func thePeakIsOneHalfAndTheMeanIsGone() {
    let sound = Waveform(sampleRate: 16_000, samples: [0.3, 0.5, 0.1, 0.3])
    let normalized = sound.peakNormalized()
    for (value, expected) in zip(normalized.samples, [0, 0.5, -0.5, 0] as [Float]) {
      #expect(abs(value - expected) < 1e-6)
    }
  }

  @Test func lengthIsSetBeforeThePeakIsTaken() {
    let sound = Waveform(sampleRate: 16_000, samples: [0.1, -0.1, 1, -1])
    #expect(sound.peakNormalized(count: 2).samples == [0.5, -0.5])
    #expect(sound.peakNormalized(count: 6).samples == [0.05, -0.05, 0.5, -0.5, 0, 0])
  }

  @Test func silenceAndConstantSoundStaySilent() {
    for level in [0, 0.7] as [Float] {
      let sound = Waveform(sampleRate: 16_000, samples: Array(repeating: level, count: 1000))
      #expect(sound.peakNormalized().samples.allSatisfy { $0 == 0 })
    }
    #expect(Waveform(sampleRate: 16_000, samples: []).peakNormalized(count: 3).samples == [0, 0, 0])
  }

  @Test func tensorsAndWaveformsConvertBothWays() {
    let sound = Waveform(sampleRate: 8000, samples: [0.25, -0.5, 1])
    #expect(Waveform(sampleRate: 8000, sound.tensor.unsqueezed(0)) == sound)
  }
}

/// Some values of one row.
private func expect(
  _ tensor: Tensor, row: Int, from column: Int, _ golden: [Float], tolerance: Float = 1e-3,
  location: SourceLocation = #_sourceLocation
) {
  let values = tensor.selected(0, row).floats
  for (offset, expected) in golden.enumerated() {
    let value = values[column + offset]
    #expect(abs(value - expected) < tolerance, "\(value) for \(expected)", sourceLocation: location)
  }
}
