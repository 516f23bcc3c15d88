internal import Torch

/// torchlibrosa's front end, whose transform and mel filters are frozen parameters in the files of the networks that begin
/// with it: decibels of mels of the power spectrum.
///
/// Letters: B sounds, N samples, n transform, K = n/2 + 1 frequencies, F frames, M mels.
struct LibrosaLogMel {
  private let cosines, sines: Tensor  // [K, 1, n], with the window in them
  private let filters: Tensor  // [K, M]
  private let transform, hop: Int

  init(_ p: Parameters, transform: Int, hop: Int, mels: Int) throws {
    let (kernels, bins) = (p["spectrogram_extractor.stft"], transform / 2 + 1)
    cosines = try kernels["conv_real"]("weight", bins, 1, transform)
    sines = try kernels["conv_imag"]("weight", bins, 1, transform)
    filters = try p["logmel_extractor"]("melW", bins, mels)
    self.transform = transform
    self.hop = hop
  }

  /// Sound `[B, N]` to `[B, F, M]`, F = 1 + ⌊N / hop⌋.
  func callAsFunction(_ sound: Tensor) -> Tensor {
    let margin = transform / 2
    let x = sound.unsqueezed(1).padded([margin, margin], .reflect)  // [B, 1, N + n]
    let power = x.conv1d(cosines, stride: hop).squared + x.conv1d(sines, stride: hop).squared  // [B, K, F]
    return power.transposed(1, 2).matmul(filters).decibels  // [B, F, M]
  }
}

extension Tensor {
  /// Power to decibels, −100 at least.
  var decibels: Tensor { clamp(min: 1e-10).log * (10 / 2.302585092994046) }
}
