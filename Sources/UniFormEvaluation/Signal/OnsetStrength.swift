public import Media
internal import Torch
internal import UniForm

/// How strongly new sound sets in, frame by frame, as librosa 0.10 and 0.11 measure it: the rise of a log-mel spectrogram in
/// decibels from one frame to the next, averaged over the bands.
public struct OnsetStrength: Sendable, Equatable {
  /// Samples per second that the sound must have.
  public let sampleRate = 22_050
  public let hop = 512
  public let transformLength = 2048
  public let bandCount = 128
  /// Decibels below the loudest band at which the spectrogram is cut off.
  public let range = 80.0

  public init() {}

  /// One value per frame; frame i is centred on sample `hop · i`. 1 + ⌊samples / hop⌋ values.
  public func callAsFunction(_ waveform: Waveform) -> [Double] {
    precondition(waveform.sampleRate == sampleRate, "onsets are looked for at \(sampleRate) Hz")
    return withoutGradient {
      let decibels = logMel(waveform.samples)  // [F, M]
      let count = decibels.size(0)
      guard count > 1 else { return [Double](repeating: 0, count: count) }
      let rise =
        (decibels.narrowed(0, start: 1, length: count - 1) - decibels.narrowed(0, start: 0, length: count - 1))
        .clamp(min: 0).mean([1])  // [F − 1]
      // The rise belongs to the later frame, and is put half a window later still, where the sound is.
      let delay = 1 + transformLength / (2 * hop)
      let values = [Double](repeating: 0, count: delay) + rise.values(as: Double.self)
      return Array(values.prefix(count))
    }
  }

  /// `[frames, bands]` in decibels, at most `range` below the loudest.
  func logMel(_ samples: [Float]) -> Tensor {
    let margin = transformLength / 2
    let x = Tensor(samples).to(.float64).padded([margin, margin])
    let frames = x.unfolded(0, size: transformLength, step: hop)  // [F, n]
    let magnitudes = (frames * Tensor.hannWindow(transformLength, dtype: .float64)).realFFT().complexMagnitude
    let bank = MelFilterBank(
      filterCount: bandCount, transformLength: transformLength, sampleRate: sampleRate, lowest: 0,
      highest: Double(sampleRate) / 2)
    let filters = Tensor(bank.weights, shape: [bank.filterCount, bank.binCount]).transposed(0, 1)
    let power = magnitudes.squared.matmul(filters)  // [F, M]
    let decibels = power.clamp(min: 1e-10).log * (10 / 2.302585092994046)
    return decibels.clamp(min: decibels.maximum.item - range)
  }
}
