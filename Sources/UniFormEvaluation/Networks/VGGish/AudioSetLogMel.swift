internal import Torch

/// The log-mel front end that VGGish and YAMNet share: 64 mels from 125 to 7500 Hz of magnitudes, 25 ms every 10 ms, in
/// patches of 96 frames. In float64, as the reference computes.
///
/// Letters: N samples at 16 kHz, F frames, P patches.
struct AudioSetLogMel {
  static let sampleRate = 16_000
  static let patchFrames = 96
  static let mels = 64
  /// Samples that one patch covers: 96 frames of 400 samples, one every 160.
  static let patchSamples = 95 * 160 + 400

  /// What is added before the logarithm.
  let offset: Double
  private let window = Tensor.hannWindow(400, dtype: .float64)
  private let filters: Tensor  // [257, 64]

  init(offset: Double) {
    self.offset = offset
    let weights = MelTriangles.straightInMel(
      filters: Self.mels, bins: 257, transformLength: 512, sampleRate: Double(Self.sampleRate), lowest: 125,
      highest: 7500)
    // Below the first edge there is nothing, so the constant part is out, as the reference wants it.
    filters = Tensor(weights, shape: [257, Self.mels])
  }

  /// Sound `[N]` to `[F, 64]`; what does not fill a frame is dropped.
  func frames(_ sound: Tensor) -> Tensor {
    let frames = sound.to(.float64).unfolded(0, size: 400, step: 160) * window  // [F, 400]
    let magnitudes = frames.realFFT(512).complexMagnitude  // [F, 257]
    return (magnitudes.matmul(filters) + offset).log  // [F, 64]
  }

  /// Sound `[N]` to `[P, 96, 64]` in float32, a patch every `hop` frames; what does not fill a patch is dropped.
  func patches(_ sound: Tensor, hop: Int) -> Tensor {
    frames(sound).unfolded(0, size: Self.patchFrames, step: hop)  // [P, 64, 96]
      .transposed(1, 2).to(.float32).contiguous  // [P, 96, 64]
  }
}
