import Foundation

/// A two-pole filter (topology-preserving state variable) that stays stable when its frequency moves.
struct Filter {
  enum Kind { case lowPass, bandPass, highPass }

  private let kind: Kind
  private let sampleRate: Float
  private let damping: Float
  private var g: Float = 0
  private var a1: Float = 0
  private var first: Float = 0
  private var second: Float = 0

  /// - Parameter quality: resonance; 0.7 is flat.
  init(_ kind: Kind, frequency: Float, quality: Float = 0.7, sampleRate: Double) {
    self.kind = kind
    self.sampleRate = Float(sampleRate)
    damping = 1 / quality
    tune(to: frequency)
  }

  mutating func tune(to frequency: Float) {
    g = tan(.pi * min(max(frequency, 5), 0.45 * sampleRate) / sampleRate)
    a1 = 1 / (1 + g * (g + damping))
  }

  @inline(__always)
  mutating func callAsFunction(_ input: Float) -> Float {
    let high = (input - (damping + g) * first - second) * a1
    let band = g * high + first
    let low = g * band + second
    first = g * high + band
    second = g * band + low
    switch kind {
    case .lowPass: return low
    case .bandPass: return band * damping
    case .highPass: return high
    }
  }
}
