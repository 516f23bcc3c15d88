import Foundation
import Torch
import UniForm

extension FormulaWeights {
  /// The transform and the 64 mel filters that a file with torchlibrosa's front end holds.
  static func librosaFrontEnd(
    transform size: Int, sampleRate: Int, lowest: Double, highest: Double
  ) -> [String: Tensor] {
    let bins = size / 2 + 1
    let window = Tensor.hannWindow(size, dtype: .float64)
    let phase =
      Tensor.arange(0, Double(bins), dtype: .float64).unsqueezed(1)
      * Tensor.arange(0, Double(size), dtype: .float64) * (2 * Double.pi / Double(size))  // [K, n]
    func kernels(_ wave: Tensor) -> Tensor { (wave * window).to(.float32).unsqueezed(1) }
    let bank = MelFilterBank(
      filterCount: 64, transformLength: size, sampleRate: sampleRate, lowest: lowest, highest: highest)
    return [
      "spectrogram_extractor.stft.conv_real.weight": kernels(phase.cos),
      "spectrogram_extractor.stft.conv_imag.weight": kernels(-phase.sin),
      "logmel_extractor.melW": Tensor(bank.weights.map(Float.init), shape: [64, bins]).transposed(0, 1)
        .contiguous,
    ]
  }
}
