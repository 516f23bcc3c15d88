import Foundation
import Testing
import Torch
import UniForm

@Suite struct VocoderTrainingTests {
  private static func noise(_ seed: UInt64, _ count: Int = 3200) -> Tensor {
    Tensor.randn([2, count], generator: Generator(seed: seed)) * 0.1
  }

  private static let resolutions = [
    SpectrumResolution(transformLength: 256, hop: 64, windowLength: 200),
    SpectrumResolution(transformLength: 128, hop: 32, windowLength: 128),
  ]

  @Test func everyPeriodJudgesAWholeNumberOfRows() throws {
    let discriminator = try MultiPeriodDiscriminator(
      ParameterStore(seed: 1).root, .init(periods: [2, 3, 7], channels: [4, 8]))
    let judgements = discriminator(Self.noise(1, 1000))
    #expect(judgements.map(\.features.count) == [3, 3, 3])
    // 500, 334 and 143 rows, shortened to a third once.
    #expect(judgements.map(\.scores.shape) == [[2, 1, 167, 2], [2, 1, 112, 3], [2, 1, 48, 7]])
  }

  /// Column c of the picture holds samples c, c + p, c + 2p, …, and no kernel mixes columns.
  @Test func periodsSeeOnlyTheirOwnSamples() throws {
    let discriminator = try MultiPeriodDiscriminator(
      ParameterStore(seed: 1).root, .init(periods: [5], channels: [4, 8]))
    let x = Self.noise(1, 1000).requireGradient()
    discriminator(x)[0].scores.selected(3, 2).sum.backward()
    let sizes = try #require(x.gradient).abs.sum([0]).floats
    for (index, size) in sizes.enumerated() { #expect((size > 0) == (index % 5 == 2), "\(index)") }
  }

  @Test func publishedDiscriminatorsHaveTheirPublishedSize() throws {
    let store = ParameterStore(seed: 0)
    _ = try MultiPeriodDiscriminator(store.root)
    #expect(store.parameterCount == 41_092_165)
  }

  @Test func everyResolutionJudgesItsSpectrum() throws {
    let discriminator = try MultiResolutionDiscriminator(
      ParameterStore(seed: 1).root, .init(resolutions: Self.resolutions, channels: 4))
    let judgements = discriminator(Self.noise(1))
    #expect(judgements.map(\.features.count) == [6, 6])
    // 3200 / hop + 1 frames; 129 and 65 bins halved three times.
    #expect(judgements.map(\.scores.shape) == [[2, 1, 51, 17], [2, 1, 101, 9]])
  }

  @Test func emptyChannelListsAreRefused() {
    #expect(throws: ConfigurationError.self) {
      try MultiPeriodDiscriminator(ParameterStore(seed: 1).root, .init(periods: [2], channels: []))
    }
    #expect(throws: ConfigurationError.self) {
      try SpectrumLoss([.init(transformLength: 128, hop: 32, windowLength: 256)])
    }
  }

  @Test func lossesOfKnownScoresAreKnown() {
    func judgement(_ score: Double, _ feature: Double) -> Judgement {
      Judgement(scores: .full([2, 3], score), features: [.full([4], feature)])
    }
    let real = [judgement(0.75, 1), judgement(1, 2)]
    let generated = [judgement(0.5, 1.5), judgement(0, 4)]
    #expect(abs(VocoderLoss.discriminator(generated: generated, real: real).item - 0.3125) < 1e-6)
    var weights = VocoderLoss.Configuration()
    weights.featureMatching = 0
    #expect(abs(loss(weights).adversarial(generated: generated, real: real).item - 1.25) < 1e-6)
    weights.featureMatching = 2
    #expect(abs(loss(weights).adversarial(generated: generated, real: real).item - 6.25) < 1e-6)
  }

  @Test func equalSoundsAreAtDistanceZero() throws {
    let (a, b) = (Self.noise(1), Self.noise(2))
    #expect(loss().reconstruction(a, a).loss.item < 1e-3)
    #expect(loss().reconstruction(b, a).loss.item > 1)
  }

  /// Twice as loud: the relative error is 1, the logarithms are ln 2 apart.
  @Test func aKnownGainHasAKnownSpectrumLoss() throws {
    let x = Self.noise(1)
    let distance = try SpectrumLoss(Self.resolutions)(x * 2, x).item
    #expect(abs(distance - (1 + log(2.0))) < 1e-3)
  }

  /// Noise 74 dB below full scale beside silence is far off without a floor, and next to nothing with one above it; loud noise counts alike.
  @Test func whatLiesBelowTheFloorHardlyCounts() throws {
    let (silence, whisper) = (Tensor.zeros([2, 3200]), Self.noise(1) * 0.002)
    var weights = VocoderLoss.Configuration()
    #expect(loss(weights).melDistance(whisper, silence).item > 2)
    weights.floor = -4
    #expect(loss(weights).melDistance(whisper, silence).item < 0.3)
    #expect(loss(weights).melDistance(Self.noise(1), silence).item > 1)
    let spectrum = try SpectrumLoss(Self.resolutions, magnitudeFloor: 100)
    // The relative error, from 1e-2 on, is left of it.
    let loud = try SpectrumLoss(Self.resolutions)(whisper, silence).item
    #expect(spectrum(whisper, silence).item < loud - 1)
  }

  /// What has fallen silent can learn to sound again: the loss of a sound below the floor still has a slope.
  @Test(arguments: [(1.0, 0.0), (0.0, 1.0)])
  func silenceWhereSoundShouldBeHasAGradientAboveAFloor(mel: Double, spectrum: Double) throws {
    var weights = VocoderLoss.Configuration()
    (weights.mel, weights.spectrum, weights.floor) = (mel, spectrum, -4)
    let loss = VocoderLoss(
      weights, mel: try MelSpectrogram(), spectrum: try SpectrumLoss(Self.resolutions, magnitudeFloor: 1))
    let whisper = (Self.noise(2) * 0.01).requireGradient()
    loss.reconstruction(whisper, Self.noise(1) * 10).loss.backward()
    let slope = try #require(whisper.gradient)
    // Louder is better: the gradient points against the samples.
    #expect((slope * whisper.detached).sum.item < -0.001)
  }

  /// The same miss weighs as much in a sound that is silent for half of the time.
  @Test func aTickCountsAsMuchAsRain() throws {
    var weights = VocoderLoss.Configuration()
    weights.floor = -6
    let noise = Self.noise(1, 6400)
    let half = Tensor.concatenate([noise.narrowed(1, start: 0, length: 3200), .zeros([2, 3200])], axis: 1)
    let whole = loss(weights).melDistance(noise * 0.5, noise).item
    #expect(abs(whole - log(2)) < 0.05)
    #expect(abs(loss(weights).melDistance(half * 0.5, half).item / whole - 1) < 0.1)
  }

  @Test func silenceHasFiniteGradients() throws {
    let silence = Tensor.zeros([1, 2000])
    let x = Tensor.zeros([1, 2000]).requireGradient()
    loss().reconstruction(x, silence).loss.backward()
    #expect(try #require(x.gradient).isFinite.allTrue)
  }

  @Test func gradientsReachTheGeneratorThroughTheDiscriminators() throws {
    let store = ParameterStore(seed: 1)
    let periods = try MultiPeriodDiscriminator(
      store.root["periods"], .init(periods: [2, 3], channels: [4, 8]))
    let spectra = try MultiResolutionDiscriminator(
      store.root["spectra"], .init(resolutions: Self.resolutions, channels: 4))
    let x = Self.noise(1).requireGradient()
    let real = Self.noise(2)
    let generated = periods(x) + spectra(x)
    loss().adversarial(generated: generated, real: periods(real) + spectra(real)).backward()
    let gradient = try #require(x.gradient)
    #expect(gradient.isFinite.allTrue)
    #expect(gradient.abs.mean.item > 0)
  }

  /// A few steps on one sound must bring the vocoder most of the way from silence to it.
  @Test func aTinyVocoderLearnsOneSound() throws {
    let melConfiguration = try MelSpectrogram.Configuration(
      json: Data(#"{"variant": "B", "n_mels": 32}"#.utf8), source: "mel")
    let mel = try MelSpectrogram(melConfiguration)
    let samples: [Float] = (0..<3200).map { n in
      let t = Double(n) / 16_000
      return Float(0.4 * sin(2 * .pi * (500 * t + 1000 * t * t)))
    }
    let sound = Tensor(samples, shape: [1, 3200])
    let input = mel(sound)
    var configuration = HiFiGAN.Configuration()
    configuration.melCount = 32
    configuration.initialChannels = 64
    configuration.upsampleRates = [8, 5, 4]
    configuration.upsampleKernels = [16, 11, 8]
    configuration.residualKernels = [3]
    configuration.residualDilations = [[1, 3]]
    let store = ParameterStore(seed: 7)
    let vocoder = try HiFiGAN(store.root, configuration)
    store.enableTraining()
    let optimizer = AdamW(store.trainable, .init(beta1: 0.8, beta2: 0.99))
    let loss = VocoderLoss(mel: mel, spectrum: try SpectrumLoss(Self.resolutions))
    let before = withoutGradient { loss.melDistance(vocoder.vocode(input), sound).item }
    for _ in 0..<50 {
      optimizer.clearGradients()
      loss.reconstruction(vocoder.vocode(input), sound).loss.backward()
      optimizer.step(learningRate: 2e-3)
    }
    let after = withoutGradient { loss.melDistance(vocoder.vocode(input), sound).item }
    #expect(after < 0.4 * before, "from \(before) to \(after)")
  }

  private func loss(_ configuration: VocoderLoss.Configuration = .init()) -> VocoderLoss {
    try! VocoderLoss(
      configuration, mel: MelSpectrogram(), spectrum: SpectrumLoss(Self.resolutions))
  }
}
