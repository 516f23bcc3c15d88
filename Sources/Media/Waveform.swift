/// Decoded mono sound: samples in [−1, 1] at a fixed rate.
public struct Waveform: Sendable, Equatable {
  /// Samples per second.
  public let sampleRate: Int
  public var samples: [Float]

  public init(sampleRate: Int, samples: [Float]) {
    precondition(sampleRate > 0, "a sample rate is positive, not \(sampleRate)")
    self.sampleRate = sampleRate
    self.samples = samples
  }

  public var seconds: Double { Double(samples.count) / Double(sampleRate) }
}

extension Waveform {
  /// The largest magnitude of any sample; 0 without samples.
  public var peak: Float { samples.reduce(0) { max($0, abs($1)) } }

  /// Digital silence: nothing louder than half a step of 16-bit sound.
  public var isSilent: Bool { peak < 0.5 / 32768 }
}
