internal import Foundation
public import Torch

/// Brings a sound nearer to the log-mel that it was made from: Griffin and Lim's iteration (1984), beginning with the phases of a
/// vocoder instead of random ones, and with momentum (Perraudin, Balazs and Søndergaard 2013).
///
/// A vocoder of convolutions makes the same of frames that are the same, so of a steady tone's frames only what repeats with every frame:
/// multiples of sample rate / hop, 100 Hz. A tone of 460 Hz is none. Such a vocoder leaves it out, unless the size and the data
/// of a published one let it make tones of what little changes from frame to frame.
///
/// For the same reason it makes a buzz where rain should hiss. So noise is added first that is as loud at each moment as the sound, twice,
/// which leaves attacks where they are.
///
/// Each step multiplies the short-time spectrum by what is missing in the mel magnitudes, spread over the bins by the filters
/// themselves, and goes on with the sound whose spectrum is nearest.
///
/// Letters: B batch, N samples, F frames, K frequency bins, M mel filters.
public struct SpectralRefinement {
  private let mel: MelSpectrogram
  private let steps: Int
  /// From filters to bins: those of a bin sum to 1 or, where no filter reaches, to 0.
  private let spreading: Tensor  // [M, K]
  private static let momentum = 0.9
  /// Of a bin in one step.
  private static let largestGain = 10.0
  /// Of the added noise, relative to the sound.
  private static let noiseLevel = 2.0

  /// - Parameter steps: how often; 0 leaves every sound as it is.
  public init(_ mel: MelSpectrogram, steps: Int) {
    self.mel = mel
    self.steps = steps
    let filters = mel.filters  // [K, M]
    spreading = (filters / filters.sum([1], keepingAxes: true).clamp(min: 1e-12)).transposed(0, 1).contiguous
  }

  /// Waveforms `[B, N]` and the log-mels `[B, F, M]` that they should have; the last frame holds for those that are not given.
  public func callAsFunction(_ waveform: Tensor, toward target: Tensor) -> Tensor {
    guard steps > 0 else { return waveform }
    let count = waveform.size(1)
    let (frames, device) = (mel.frameCount(samples: count), waveform.device)
    let (filters, spreading) = (mel.filters.to(device), spreading.to(device))
    let coverage = mel.spectrum.coverage(frames: frames).to(device)
    let whole = extended(target.to(.float32), to: frames)
    let wanted = logarithm(whole.exp)  // [B, F, M]
    let limit = log(Self.largestGain)
    var guess = roughened(waveform)
    var result = guess
    for step in 0..<steps {
      let spectra = mel.spectrum.spectra(guess)  // [B, F, K, 2]
      let present = logarithm(spectra.complexMagnitude.matmul(filters))  // [B, F, M]
      let gain = (wanted - present).matmul(spreading).clamp(min: -limit, max: limit).exp  // [B, F, K]
      let next = mel.spectrum.waveform(
        spectra * gain.unsqueezed(-1), coverage: coverage, count: count)  // [B, N]
      guess = step == 0 ? next : next + (next - result) * Self.momentum
      result = next
    }
    return result
  }

  /// With noise of its own loudness, which is taken over the length of a hop; always the same noise.
  private func roughened(_ waveform: Tensor) -> Tensor {
    let hop = mel.configuration.hop
    let power = waveform.squared.padded([hop / 2, hop - 1 - hop / 2])
      .averagePool1d(hop, stride: 1)  // [B, N]
    let noise = Tensor.randn([1, waveform.size(1)], generator: Generator(seed: 0)).to(waveform.device)
    return waveform + power.sqrt * noise * Self.noiseLevel  // [B, N]
  }

  /// Of mel magnitudes; silence is ``MelSpectrogram/silence``.
  private func logarithm(_ magnitudes: Tensor) -> Tensor { (magnitudes + MelSpectrogram.floor).log }

  private func extended(_ mel: Tensor, to frames: Int) -> Tensor {
    let missing = frames - mel.size(1)
    guard missing > 0 else { return mel.narrowed(1, start: 0, length: frames) }
    let last = mel.narrowed(1, start: mel.size(1) - 1, length: 1)
    return Tensor.concatenate([mel] + Array(repeating: last, count: missing), axis: 1)
  }
}
