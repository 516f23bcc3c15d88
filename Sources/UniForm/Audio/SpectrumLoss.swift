public import Torch

/// The multi-resolution STFT loss: how far two sounds are apart in magnitude spectra of several window
/// lengths.
///
/// Per resolution: spectral convergence, the relative error of the magnitudes, plus the mean distance of
/// their logarithms; the mean over the resolutions.
public struct SpectrumLoss {
  private let spectra: [ShortTimeSpectrum]
  private let magnitudeFloor: Double
  /// Parallel WaveGAN's: √1e-7.
  public static let publishedFloor = 3.2e-4
  /// The root mean square magnitude, about that of noise at −66 dB, below which errors are no longer
  /// relative.
  private static let levelFloor = 1e-2

  /// - Parameter magnitudeFloor: magnitudes far below it count as it.
  public init(
    _ resolutions: [SpectrumResolution] = SpectrumResolution.published,
    magnitudeFloor: Double = SpectrumLoss.publishedFloor
  ) throws(ConfigurationError) {
    guard !resolutions.isEmpty else { throw ConfigurationError("a spectrum loss needs a resolution") }
    var spectra: [ShortTimeSpectrum] = []
    for resolution in resolutions { spectra.append(try resolution.spectrum()) }
    self.spectra = spectra
    self.magnitudeFloor = magnitudeFloor
  }

  /// Waveforms `[B, N]` to a scalar.
  public func callAsFunction(_ generated: Tensor, _ real: Tensor) -> Tensor {
    let losses = spectra.map { spectrum in
      let (x, y) = (spectrum(generated), spectrum(real))  // [B, frames, bins]
      let level = y.squared.mean.sqrt.clamp(min: Self.levelFloor)
      // The small term keeps the root differentiable where both sounds agree.
      let convergence = ((x - y).squared.mean + 1e-12).sqrt / level
      return convergence + lifted(x).log.meanAbsoluteError(lifted(y).log)
    }
    return losses.dropFirst().reduce(losses[0], +) / Double(losses.count)
  }

  /// Cut off at the published floor. A higher one is added, so that silence where there should be sound keeps a gradient.
  private func lifted(_ magnitudes: Tensor) -> Tensor {
    magnitudes.clamp(min: Self.publishedFloor) + (magnitudeFloor - Self.publishedFloor)
  }
}
