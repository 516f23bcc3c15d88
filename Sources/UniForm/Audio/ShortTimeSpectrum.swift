public import Torch

/// The short-time Fourier transform: Hann windows, one spectrum every `hop` samples.
///
/// Letters: B batch, N samples, F frames, n `transformLength`. Magnitudes are differentiable everywhere: the magnitude has gradient zero where the spectrum is zero.
public struct ShortTimeSpectrum {
  public let transformLength: Int
  public let hop: Int
  /// Samples that reflection adds on both sides before framing.
  public let padding: Int
  private let window: Tensor  // [transformLength]

  /// `windowLength` at most `transformLength`; a shorter window lies in the middle of its frame.
  /// `padding` nil centres frame i on sample `hop · i`.
  public init(transformLength: Int, hop: Int, windowLength: Int, padding: Int? = nil) {
    precondition(
      hop > 0 && windowLength > 0 && windowLength <= transformLength,
      "hop \(hop), window \(windowLength), transform \(transformLength)")
    self.transformLength = transformLength
    self.hop = hop
    self.padding = padding ?? transformLength / 2
    let margin = transformLength - windowLength
    window = Tensor.hannWindow(windowLength).padded([margin / 2, margin - margin / 2])
  }

  /// Frames of `count` samples.
  public func frameCount(samples count: Int) -> Int {
    (extended(count) + 2 * padding - transformLength) / hop + 1
  }

  /// Waveforms `[B, N]` to magnitudes `[B, F, n / 2 + 1]` in float32.
  public func callAsFunction(_ waveform: Tensor) -> Tensor { spectra(waveform).complexMagnitude }

  /// Waveforms `[B, N]` to spectra `[B, F, n / 2 + 1, 2]` in float32, real and imaginary parts.
  func spectra(_ waveform: Tensor) -> Tensor {
    let missing = extended(waveform.size(-1)) - waveform.size(-1)
    var x = waveform.to(.float32)  // [B, N]
    if missing > 0 { x = x.padded([0, missing]) }
    if padding > 0 { x = x.padded([padding, padding], .reflect) }  // [B, N + 2·padding]
    let frames = x.unfolded(-1, size: transformLength, step: hop)  // [B, F, n]
    return (frames * window.to(x.device)).realFFT()  // [B, F, n/2 + 1, 2]
  }

  /// What of the windows' squares lies over each sample of so many frames: `[1, N + 2·padding]`.
  func coverage(frames: Int) -> Tensor {
    let coverage = window.squared.expanded([1, frames, transformLength]).overlapAdded(hop: hop)
    // Hardly any window reaches the padding's first and last samples.
    return coverage.clamp(min: 1e-3)
  }

  /// The first `count` samples of the waveforms whose spectra are nearest to `[B, F, n / 2 + 1, 2]` in the sense of
  /// least squares: `[B, count]` (Griffin and Lim 1984, equation 6).
  func waveform(_ spectra: Tensor, coverage: Tensor, count: Int) -> Tensor {
    let frames = spectra.inverseRealFFT(transformLength) * window.to(spectra.device)  // [B, F, n]
    let sum = frames.overlapAdded(hop: hop)  // [B, N + 2·padding]
    return (sum / coverage).narrowed(1, start: padding, length: count)  // [B, count]
  }

  /// Reflection needs more samples than it adds, and a frame its own length: less is followed by silence.
  private func extended(_ count: Int) -> Int {
    max(count, padding + 1, transformLength - 2 * padding)
  }
}
