import Foundation

/// The time of one frame.
struct Moment {
  let time: Double
  let frameInterval: Double

  init(frame: Int, frameRate: Double) {
    time = Double(frame) / frameRate
    frameInterval = 1 / frameRate
  }

  var seconds: Float { Float(time) }

  /// Seconds since `event`, zero on the frame nearest to it so that every contact is seen; `nil` before.
  func age(of event: Double) -> Float? {
    let age = time - event
    return age < -0.5 * frameInterval ? nil : Float(max(0, age))
  }
}

/// The instants at which something is struck.
struct Strikes: Sendable {
  /// Ascending: one before the clip, those inside, and one after its end, so that motion comes from and
  /// goes to somewhere.
  let times: [Double]
  private let seconds: Double

  /// - Parameter gap: seconds to the next strike. Vary it: a strict period can be hit by chance.
  init(seconds: Double, random: inout RandomSource, gap: (inout RandomSource) -> Double) {
    var draw = random.fork(17)
    var time = -max(0.35, gap(&draw) * draw.uniform(0.2...0.9))
    var times = [time]
    // Strikes too near to an end of the clip would be seen but not heard, or the reverse.
    while time <= seconds + 0.15 {
      time += gap(&draw)
      if time >= 0.1 && !(seconds - 0.15...seconds + 0.15).contains(time) { times.append(time) }
    }
    self.times = times
    self.seconds = seconds
  }

  /// Indices of the strikes inside the clip.
  var heard: [Int] { times.indices.filter { times[$0] >= 0 && times[$0] < seconds } }

  func events(_ kind: (Int) -> String) -> [SceneEvent] {
    heard.map { SceneEvent(time: times[$0], kind: kind($0)) }
  }

  func beat(at moment: Moment) -> Beat {
    var index = 0
    while index + 1 < times.count - 1, moment.age(of: times[index + 1]) != nil { index += 1 }
    let interval = Float(times[index + 1] - times[index])
    let age = moment.age(of: times[index]) ?? 0
    return Beat(index: index, age: age, interval: interval)
  }
}

/// Where a moment lies between two strikes.
struct Beat {
  /// Of the strike before.
  let index: Int
  /// Seconds since that strike.
  let age: Float
  /// Seconds between it and the next.
  let interval: Float

  /// From 0 at the strike to 1 at the next.
  var progress: Float { min(age / interval, 1) }

  /// A light that is full at the strike and gone after `duration` seconds.
  func flash(_ duration: Float = 0.3) -> Float {
    let rest = max(0, 1 - age / duration)
    return rest * (2 - rest)
  }

  /// How far a beater is raised, 0…1: it lifts at ease and falls with growing speed.
  func lift(peak: Float = 0.6) -> Float {
    let p = progress
    if p < peak { return sin(p / peak * .pi / 2) }
    let fall = (p - peak) / (1 - peak)
    return 1 - fall * fall
  }
}

/// 0 below `lower`, 1 above `upper`, smooth between.
@inline(__always)
func smoothstep(_ lower: Float, _ upper: Float, _ value: Float) -> Float {
  let t = min(max((value - lower) / (upper - lower), 0), 1)
  return t * t * (3 - 2 * t)
}
