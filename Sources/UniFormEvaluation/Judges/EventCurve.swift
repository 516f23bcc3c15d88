import Foundation

/// The moments at which a curve of event logits peaks.
struct EventCurve {
  /// Values per second, and the moment of the first.
  let rate: Double
  let start: Double
  /// The logit from which on a peak counts.
  let threshold: Float

  /// Seconds, between the values where the curve peaks there.
  func times(_ logits: [Float]) -> [Double] {
    logits.indices.compactMap { index in
      let value = logits[index]
      guard value >= threshold else { return nil }
      let left = index > 0 ? logits[index - 1] : -.infinity
      let right = index + 1 < logits.count ? logits[index + 1] : -.infinity
      guard value > left && value >= right else { return nil }
      return start + (Double(index) + vertex(left, value, right)) / rate
    }
  }

  /// Where a parabola through three values has its top, against the middle one, in −½…½.
  private func vertex(_ left: Float, _ middle: Float, _ right: Float) -> Double {
    guard left.isFinite, right.isFinite else { return 0 }
    let curvature = Double(left - 2 * middle + right)
    guard curvature < -1e-6 else { return 0 }
    return max(-0.5, min(0.5, 0.5 * Double(left - right) / curvature))
  }

  /// What a curve of `count` values shall be for these events: a bell of `width` values around each.
  func target(_ events: [Double], count: Int, width: Double) -> [Float] {
    (0..<count).map { index in
      let distances = events.map { abs(start + Double(index) / rate - $0) * rate / width }
      return distances.min().map { Float(exp(-$0 * $0 / 2)) } ?? 0
    }
  }
}
