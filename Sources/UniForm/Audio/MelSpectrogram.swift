internal import Foundation
public import Torch

/// Log-mel spectrograms as AudioLDM's autoencoder and vocoder take them: the natural logarithm of Slaney mel
/// magnitudes, floored at 1e-5 before the logarithm. Silence is ``silence`` everywhere.
///
/// Letters: B batch, N samples, F frames, K frequency bins, M mel filters. Differentiable.
public struct MelSpectrogram {
  /// The log-mel value of silence: ln 1e-5 = −11.512925.
  public static let silence = log(floor)
  static let floor = 1e-5

  public let configuration: Configuration
  let spectrum: ShortTimeSpectrum
  let filters: Tensor  // [K, M]

  /// Throws ``ConfigurationError`` for lengths or frequencies that cannot work together.
  public init(_ configuration: Configuration = Configuration()) throws(ConfigurationError) {
    try configuration.validate()
    self.configuration = configuration
    let c = configuration
    spectrum = ShortTimeSpectrum(
      transformLength: c.transformLength, hop: c.hop, windowLength: c.windowLength, padding: c.padding)
    let bank = MelFilterBank(
      filterCount: c.melCount, transformLength: c.transformLength, sampleRate: c.sampleRate,
      lowest: c.lowestFrequency, highest: c.highestFrequency)
    filters =
      Tensor(bank.weights.map(Float.init), shape: [bank.filterCount, bank.binCount])
      .transposed(0, 1).contiguous
  }

  /// Waveforms `[B, N]` in [−1, 1] to log-mels `[B, F, M]` in float32.
  public func callAsFunction(_ waveform: Tensor) -> Tensor {
    let magnitudes = spectrum(waveform)  // [B, F, K]
    let mel = magnitudes.matmul(filters.to(magnitudes.device))  // [B, F, M]
    return mel.clamp(min: Self.floor).log  // [B, F, M]
  }

  /// Frames of `count` samples: ⌊N / hop⌋ + 1 in variant A, ⌊N / hop⌋ in variant B.
  public func frameCount(samples count: Int) -> Int { spectrum.frameCount(samples: count) }
}

extension MelSpectrogram {
  /// How the ends are padded, which decides where a frame lies.
  public enum Variant: String, Codable, Sendable, CaseIterable {
    /// Reflection of n_fft / 2: frame i is centred on sample hop · i. AudioLDM's inference package.
    case centered = "A"
    /// Reflection of (n_fft − hop) / 2: frame i is centred on sample hop · (i + ½), and there is one frame
    /// per hop. HiFi-GAN's convention, which autoencoder and vocoder were trained with.
    case hopAligned = "B"
  }

  /// Lengths in samples, frequencies in Hz.
  public struct Configuration: JSONConfiguration {
    public var variant = Variant.centered
    public var sampleRate = 16_000
    public var transformLength = 1024
    public var hop = 160
    public var windowLength = 1024
    public var melCount = 64
    public var lowestFrequency = 0.0
    public var highestFrequency = 8000.0

    public init() {}

    enum CodingKeys: String, CodingKey {
      case variant
      case sampleRate = "sample_rate"
      case transformLength = "n_fft"
      case hop
      case windowLength = "win_length"
      case melCount = "n_mels"
      case lowestFrequency = "fmin"
      case highestFrequency = "fmax"
    }

    var padding: Int {
      switch variant {
      case .centered: transformLength / 2
      case .hopAligned: (transformLength - hop) / 2
      }
    }

    public func validate() throws(ConfigurationError) {
      func require(_ condition: Bool, _ message: String) throws(ConfigurationError) {
        if !condition { throw ConfigurationError(message) }
      }
      try require(sampleRate > 0, "sample_rate must be positive, not \(sampleRate)")
      try require(
        (2...65_536).contains(transformLength), "n_fft must be in 2...65536, not \(transformLength)")
      try require(
        (1...transformLength).contains(hop), "hop must be in 1...n_fft (\(transformLength)), not \(hop)")
      try require(
        (1...transformLength).contains(windowLength),
        "win_length must be in 1...n_fft (\(transformLength)), not \(windowLength)")
      try require((1...4096).contains(melCount), "n_mels must be in 1...4096, not \(melCount)")
      try require(
        lowestFrequency >= 0 && lowestFrequency < highestFrequency
          && highestFrequency <= Double(sampleRate) / 2,
        "0 ≤ fmin < fmax ≤ sample_rate / 2 must hold, not \(lowestFrequency) and \(highestFrequency)")
    }
  }
}
