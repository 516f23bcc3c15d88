internal import Torch

/// Kaldi's log-mel filter bank without dither: per frame the mean off, pre-emphasis, a symmetric Hann window, power, HTK
/// mels up to half the sample rate. Audio spectrogram transformers of AudioSet begin with it.
///
/// Letters: B sounds, N samples, F frames, M mels.
struct KaldiFilterBank {
  private static let (frame, hop, transform) = (400, 160, 512)
  private static let emphasis = 0.97

  let mels: Int
  private let window: Tensor  // [400]
  private let filters: Tensor  // [257, M]

  /// For sound at 16 kHz, 25 ms every 10 ms.
  init(mels: Int) {
    self.mels = mels
    window = .symmetricHann(Self.frame)
    var weights = MelTriangles.straightInMel(
      filters: mels, bins: Self.transform / 2, transformLength: Self.transform, sampleRate: 16_000,
      lowest: 20,
      highest: 8000)
    weights += Array(repeating: 0, count: mels)  // Kaldi leaves the highest frequency out.
    filters = Tensor(weights.map(Float.init), shape: [Self.transform / 2 + 1, mels])
  }

  /// Sound `[B, N]` to `[B, F, M]`, F = ⌊(N − 400) / 160⌋ + 1.
  func callAsFunction(_ sound: Tensor) -> Tensor {
    let raw = sound.unfolded(-1, size: Self.frame, step: Self.hop)  // [B, F, 400]
    let frames = raw - raw.mean([-1], keepingAxes: true)
    // The first sample is its own predecessor.
    let before = Tensor.concatenate(
      [frames.narrowed(-1, start: 0, length: 1), frames.narrowed(-1, start: 0, length: Self.frame - 1)],
      axis: -1)
    let shaped = (frames - before * Self.emphasis) * window
    let power = shaped.realFFT(Self.transform).squared.sum([-1])  // [B, F, 257]
    return power.matmul(filters).clamp(min: Self.smallest).log  // [B, F, M]
  }

  /// The distance from 1 to the next float32, where Kaldi's logarithm ends.
  private static let smallest = Double(Float.ulpOfOne)
}

extension Tensor {
  /// A Hann window that ends on zeros at both ends.
  static func symmetricHann(_ length: Int) -> Tensor {
    // The periodic window one sample shorter, closed.
    .concatenate([hannWindow(length - 1), .zeros([1])], axis: 0)
  }
}
