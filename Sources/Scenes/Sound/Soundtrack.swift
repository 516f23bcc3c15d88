import Foundation

/// The sound of a clip under construction.
struct Soundtrack {
  let sampleRate: Double
  private var samples: [Float]
  private var random: RandomSource

  init(sampleRate: Int, sampleCount: Int, random: RandomSource) {
    self.sampleRate = Double(sampleRate)
    samples = [Float](repeating: 0, count: sampleCount)
    self.random = random
  }

  var seconds: Double { Double(samples.count) / sampleRate }

  /// A blow at `time`; its first sample is the first at or after that instant.
  mutating func add(_ impact: Impact, at time: Double, gain: Float = 1) {
    for mode in impact.modes where mode.frequency < Float(0.45 * sampleRate) {
      add(mode, at: time, gain: gain)
    }
    for burst in impact.noise { add(burst, at: time, gain: gain) }
  }

  private func range(at time: Double, lasting duration: Float) -> Range<Int> {
    let start = Int(min(max((time * sampleRate).rounded(.up), 0), Double(samples.count)))
    let end = min(samples.count, start + Int(Double(duration) * sampleRate))
    return start..<max(start, end)
  }

  private mutating func add(_ mode: Mode, at time: Double, gain: Float) {
    // A decaying rotation: one complex product per sample instead of a sine and an exponential.
    let angle = 2 * .pi * mode.frequency / Float(sampleRate)
    let shrink = exp(-1 / (mode.decay * Float(sampleRate)))
    let c = cos(angle) * shrink
    let s = sin(angle) * shrink
    var x = mode.amplitude * gain
    var y: Float = 0
    let range = range(at: time, lasting: 7 * mode.decay)
    samples.withUnsafeMutableBufferPointer { samples in
      for index in range {
        (x, y) = (x * c - y * s, x * s + y * c)
        samples[index] += y
      }
    }
  }

  private mutating func add(_ burst: NoiseBurst, at time: Double, gain: Float) {
    var filter = Filter(
      burst.kind, frequency: burst.frequency, quality: burst.quality, sampleRate: sampleRate)
    let shrink = exp(-1 / (burst.decay * Float(sampleRate)))
    var level = burst.amplitude * gain
    let range = range(at: time, lasting: 7 * burst.decay)
    samples.withUnsafeMutableBufferPointer { samples in
      for index in range {
        samples[index] += filter(random.signed()) * level
        level *= shrink
      }
    }
  }

  /// Noise through the whole clip. `level` and `frequency` (hertz) are curves over time in seconds.
  mutating func addNoise(
    _ kind: Filter.Kind, quality: Float = 0.7, frequency: (Float) -> Float, level: (Float) -> Float
  ) {
    var filter = Filter(kind, frequency: frequency(0), quality: quality, sampleRate: sampleRate)
    let block = max(1, Int(sampleRate / 200))
    var gain = level(0)
    samples.withUnsafeMutableBufferPointer { samples in
      var start = 0
      while start < samples.count {
        let end = min(start + block, samples.count)
        let time = Float(Double(end) / sampleRate)
        filter.tune(to: frequency(time))
        let step = (level(time) - gain) / Float(end - start)
        for index in start..<end {
          gain += step
          samples[index] += filter(random.signed()) * gain
        }
        start = end
      }
    }
  }

  /// A tone whose pitch (hertz) and level follow curves over the seconds since its start.
  /// - Parameter harmonics: amplitude of each multiple of the pitch, from the first.
  mutating func addTone(
    at time: Double = 0, lasting duration: Float, harmonics: [Float] = [1], pitch: (Float) -> Float,
    level: (Float) -> Float
  ) {
    let range = range(at: time, lasting: duration)
    let interval = Float(1 / sampleRate)
    var phase: Float = 0
    for index in range {
      let age = Float(index - range.lowerBound) * interval
      let frequency = pitch(age)
      phase += frequency * interval
      phase -= phase.rounded(.down)
      var sum: Float = 0
      for (order, amplitude) in harmonics.enumerated()
      where frequency * Float(order + 1) < 0.45 * Float(sampleRate) {
        sum += amplitude * sin(2 * .pi * phase * Float(order + 1))
      }
      samples[index] += sum * level(age)
    }
  }

  /// The finished samples: a faint floor so that silence is never digital, headroom, and rounded peaks.
  func mastered() -> [Float] {
    var random = random.fork(3)
    return samples.map { sample in
      let value = sample + 6e-4 * 1.73 * random.signed()
      let size = abs(value)
      // Unchanged up to 1, bent smoothly towards 1.5 beyond, so that loud never clips.
      let limited = size <= 1 ? size : 1 + 0.5 * tanh((size - 1) / 0.5)
      return 0.6 * (value < 0 ? -limited : limited)
    }
  }
}
