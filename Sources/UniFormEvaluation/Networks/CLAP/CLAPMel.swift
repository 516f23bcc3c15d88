internal import Torch
internal import UniForm

/// CLAP's front end: decibels of 64 Slaney mels from 50 to 14 000 Hz, 21 ms every 10 ms.
struct CLAPMel {
  private let spectrum = ShortTimeSpectrum(transformLength: 1024, hop: 480, windowLength: 1024)
  private let filters: Tensor  // [513, 64]

  init() {
    let bank = MelFilterBank(
      filterCount: 64, transformLength: 1024, sampleRate: CLAP.sampleRate, lowest: 50, highest: 14_000)
    filters =
      Tensor(bank.weights.map(Float.init), shape: [bank.filterCount, bank.binCount]).transposed(0, 1)
      .contiguous
  }

  /// Sound `[B, 480000]` to `[B, 1001, 64]`.
  func callAsFunction(_ sound: Tensor) -> Tensor {
    spectrum(sound).squared.matmul(filters).decibels
  }
}
