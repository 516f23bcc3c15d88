/// Lengths of a short-time spectrum in samples.
public struct SpectrumResolution: Codable, Sendable, Equatable {
  public var transformLength: Int
  public var hop: Int
  public var windowLength: Int

  public init(transformLength: Int, hop: Int, windowLength: Int) {
    self.transformLength = transformLength
    self.hop = hop
    self.windowLength = windowLength
  }

  /// Those of Parallel WaveGAN and UnivNet.
  public static let published = [
    SpectrumResolution(transformLength: 1024, hop: 120, windowLength: 600),
    SpectrumResolution(transformLength: 2048, hop: 240, windowLength: 1200),
    SpectrumResolution(transformLength: 512, hop: 50, windowLength: 240),
  ]

  enum CodingKeys: String, CodingKey {
    case transformLength = "n_fft"
    case hop
    case windowLength = "win_length"
  }

  func spectrum() throws(ConfigurationError) -> ShortTimeSpectrum {
    guard hop > 0, windowLength > 0, windowLength <= transformLength else {
      throw ConfigurationError(
        "a spectrum needs hop > 0 and 0 < win_length ≤ n_fft, not \(hop), \(windowLength), \(transformLength)"
      )
    }
    return ShortTimeSpectrum(transformLength: transformLength, hop: hop, windowLength: windowLength)
  }
}
