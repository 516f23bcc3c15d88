import Foundation

/// One axis of a picture, blurred and brought to another length, as weights over the inputs of each output.
///
/// Blurring and linear interpolation are both sums of neighbours, so their product is one, and what no output looks at
/// need not be blurred.
struct AxisResampling {
  /// For each output its first input, which may lie outside, and as many weights for all.
  let starts: [Int]
  let weights: [[Float]]
  let tapCount: Int

  /// - Parameter kernel: of odd length; [1] blurs nothing.
  init(from inputCount: Int, to outputCount: Int, blurredBy kernel: [Double]) {
    let scale = Double(inputCount) / Double(outputCount)
    let radius = kernel.count / 2
    var starts: [Int] = []
    var weights: [[Float]] = []
    for output in 0..<outputCount {
      // Pixels have their centres at halves; outside of the picture its edge goes on.
      let position = (Double(output) + 0.5) * scale - 0.5
      var first = Int(position.rounded(.down))
      var fraction = position - Double(first)
      if first < 0 { (first, fraction) = (0, 0) }
      if first >= inputCount - 1 { (first, fraction) = (inputCount - 1, 0) }
      var row = [Double](repeating: 0, count: kernel.count + 1)
      for (tap, value) in kernel.enumerated() {
        row[tap] += (1 - fraction) * value
        row[tap + 1] += fraction * value
      }
      starts.append(first - radius)
      weights.append(row.map(Float.init))
    }
    self.starts = starts
    self.weights = weights
    tapCount = kernel.count + 1
  }

  /// An index that may lie outside, reflected at the centres of the outermost pixels.
  static func reflected(_ index: Int, _ count: Int) -> Int {
    guard count > 1 else { return 0 }
    let period = 2 * (count - 1)
    let inside = ((index % period) + period) % period
    return inside < count ? inside : period - inside
  }

  /// The normalised Gaussian of odd length `count`; OpenCV's fixed one of three where `sigma` is 0.
  static func gaussian(count: Int, sigma: Double) -> [Double] {
    if sigma <= 0 && count == 3 { return [0.25, 0.5, 0.25] }
    let values = (0..<count).map { index in
      let x = Double(index - count / 2)
      return exp(-x * x / (2 * sigma * sigma))
    }
    let sum = values.reduce(0, +)
    return values.map { $0 / sum }
  }
}

extension FloatPlane {
  /// The picture with both axes resampled, values multiplied by `factor`.
  func resampled(across: AxisResampling, down: AxisResampling, times factor: Float = 1) -> FloatPlane {
    let result = FloatPlane(width: across.starts.count, height: down.starts.count)
    let margin = across.tapCount
    let buffer = FloatPlane(width: width + 2 * margin, height: 1)
    let line = buffer.values + margin
    for y in 0..<result.height {
      for x in 0..<width { line[x] = 0 }
      for (tap, weight) in down.weights[y].enumerated() where weight != 0 {
        let source = row(AxisResampling.reflected(down.starts[y] + tap, height))
        for x in 0..<width { line[x] += weight * source[x] }
      }
      for offset in 1...margin {
        line[-offset] = line[AxisResampling.reflected(-offset, width)]
        line[width - 1 + offset] = line[AxisResampling.reflected(width - 1 + offset, width)]
      }
      let target = result.row(y)
      for x in 0..<result.width {
        let source = line + across.starts[x]
        target[x] = across.weights[x].withUnsafeBufferPointer { weights in
          var sum: Float = 0
          for tap in 0..<weights.count { sum += weights[tap] * source[tap] }
          return sum * factor
        }
      }
    }
    return result
  }
}
