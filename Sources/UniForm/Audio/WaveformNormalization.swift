public import Media
public import Torch

extension Waveform {
  /// The samples `[N]` in float32.
  public var tensor: Tensor { Tensor(samples) }

  /// Sound from a tensor with one axis longer than one, such as `[1, N]`.
  public init(sampleRate: Int, _ tensor: Tensor) {
    self.init(sampleRate: sampleRate, samples: tensor.floats)
  }

  /// Mean removed and, if `count` is given, cut or followed by silence to that many samples; then the largest
  /// magnitude becomes `peak`. AudioLDM trains on such sound, so absolute loudness is not kept.
  ///
  /// Sound that stays below half a step of 16-bit samples is silence and stays silent.
  public func peakNormalized(to peak: Float = 0.5, count: Int? = nil) -> Waveform {
    guard !samples.isEmpty else {
      return Waveform(sampleRate: sampleRate, samples: Array(repeating: 0, count: max(count ?? 0, 0)))
    }
    let mean = Float(samples.reduce(0) { $0 + Double($1) } / Double(samples.count))
    var result = samples.prefix(max(count ?? samples.count, 0)).map { $0 - mean }
    let largest = result.reduce(0) { max($0, abs($1)) }
    let gain = largest > 0x1p-16 ? peak / largest : 0
    for index in result.indices { result[index] *= gain }
    if let count, result.count < count {
      result.append(contentsOf: repeatElement(0, count: count - result.count))
    }
    return Waveform(sampleRate: sampleRate, samples: result)
  }
}
