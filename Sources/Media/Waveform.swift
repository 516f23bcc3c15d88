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
