/// Where each pixel of one picture lies in the next, refined step by step (Farnebäck 2003, section 4).
final class FlowField {
  let width: Int
  let height: Int
  /// Pixels to the right and down.
  let dx, dy: FloatPlane
  /// Per row the five entries of the normal equations, one after another: `[height, 5, width]`.
  private let equations: FloatPlane

  init(dx: FloatPlane, dy: FloatPlane) {
    (width, height) = (dx.width, dx.height)
    self.dx = dx
    self.dy = dy
    equations = FloatPlane(width: 5 * width, height: height)
  }

  convenience init(width: Int, height: Int) {
    self.init(dx: FloatPlane(width: width, height: height), dy: FloatPlane(width: width, height: height))
  }

  /// The same motion on another grid.
  func resized(width newWidth: Int, height newHeight: Int, times factor: Float) -> FlowField {
    let across = AxisResampling(from: width, to: newWidth, blurredBy: [1])
    let down = AxisResampling(from: height, to: newHeight, blurredBy: [1])
    return FlowField(
      dx: dx.resampled(across: across, down: down, times: factor),
      dy: dy.resampled(across: across, down: down, times: factor))
  }

  func refine(
    from first: PolynomialExpansion, to second: PolynomialExpansion, window: Int, iterations: Int
  ) {
    for _ in 0..<iterations {
      setEquations(first, second)
      solve(window: window)
    }
  }

  /// Sum over all pixels of the length of the motion, divided by their number.
  var meanMagnitude: Double {
    var sum = 0.0
    for y in 0..<height {
      let (dx, dy) = (dx.row(y), dy.row(y))
      for x in 0..<width { sum += Double((dx[x] * dx[x] + dy[x] * dy[x]).squareRoot()) }
    }
    return sum / Double(width * height)
  }

  /// Near the border fits are made of few pixels; they count less, from the edge inward.
  private static let borderWeights: [Float] = [0.14, 0.14, 0.4472, 0.4472, 0.4472]

  /// The equations of each pixel alone, from the motion found so far.
  private func setEquations(_ first: PolynomialExpansion, _ second: PolynomialExpansion) {
    typealias Coefficients = SIMD8<Float>
    let stride = PolynomialExpansion.stride
    let step = width &* stride
    let border = Self.borderWeights
    let horizontal = (0..<width).map { x in
      (x < border.count ? border[x] : 1) * (x >= width - border.count ? border[width - 1 - x] : 1)
    }
    let (lastColumn, lastRow) = (width &- 1, height &- 1)
    for y in 0..<height {
      let vertical =
        (y < border.count ? border[y] : 1) * (y >= height - border.count ? border[height - 1 - y] : 1)
      let source = UnsafeRawPointer(first.coefficients.row(y))
      let (dx, dy, m) = (dx.row(y), dy.row(y), equations.row(y))
      horizontal.withUnsafeBufferPointer { horizontal in
        for x in 0..<width {
          let here = source.loadUnaligned(fromByteOffset: 4 &* stride &* x, as: Coefficients.self)
          let (u, v) = (dx[x], dy[x])
          let (px, py) = (Float(x) + u, Float(y) + v)
          var a = here[2]
          var b = here[3]
          var c = here[4] * 0.5
          var r0 = here[0]
          var r1 = here[1]
          if px >= 0 && py >= 0 && px < Float(lastColumn) && py < Float(lastRow) {
            let (ix, iy) = (Int(px), Int(py))
            let (fx, fy) = (px - Float(ix), py - Float(iy))
            let there = UnsafeRawPointer(second.coefficients.values + (iy &* step &+ ix &* stride))
            let top =
              there.loadUnaligned(as: Coefficients.self) * ((1 - fx) * (1 - fy))
              + there.loadUnaligned(fromByteOffset: 4 &* stride, as: Coefficients.self) * (fx * (1 - fy))
            let bottom =
              there.loadUnaligned(fromByteOffset: 4 &* step, as: Coefficients.self) * ((1 - fx) * fy)
              + there.loadUnaligned(fromByteOffset: 4 &* (step &+ stride), as: Coefficients.self) * (fx * fy)
            let other = top + bottom
            a = (a + other[2]) * 0.5
            b = (b + other[3]) * 0.5
            c = (here[4] + other[4]) * 0.25
            r0 -= other[0]
            r1 -= other[1]
          }
          let weight = horizontal[x] * vertical
          let h0 = (r0 * 0.5 + a * v + c * u) * weight
          let h1 = (r1 * 0.5 + c * v + b * u) * weight
          a *= weight
          b *= weight
          c *= weight
          m[x] = a * a + c * c
          m[width &+ x] = (a + b) * c
          m[2 &* width &+ x] = b * b + c * c
          m[3 &* width &+ x] = a * h0 + c * h1
          m[4 &* width &+ x] = c * h0 + b * h1
        }
      }
    }
  }

  /// Averages the equations over a square window and solves them.
  private func solve(window: Int) {
    let m = window / 2
    let margin = m + 1
    let scale = 1 / Double(window * window)
    let length = width + 2 * margin
    withUnsafeTemporaryAllocation(of: Double.self, capacity: 5 * (length + width)) { buffer in
      let sums = buffer.baseAddress!
      let means = sums + 5 * length
      func line(_ channel: Int) -> UnsafeMutablePointer<Double> { sums + (channel &* length &+ margin) }
      func add(_ row: Int, times factor: Float) {
        for channel in 0..<5 {
          let (target, source) = (line(channel), equations.row(row) + (channel &* width))
          for x in 0..<width { target[x] += Double(source[x] * factor) }
        }
      }
      buffer.initialize(repeating: 0)
      add(0, times: Float(m + 2))
      for y in 1..<max(m, 1) { add(min(y, height - 1), times: 1) }
      for y in 0..<height {
        let (old, new) = (equations.row(max(y - m - 1, 0)), equations.row(min(y + m, height - 1)))
        for channel in 0..<5 {
          let (target, offset) = (line(channel), channel &* width)
          for x in 0..<width { target[x] += Double(new[offset &+ x] - old[offset &+ x]) }
          for x in 1...margin {
            target[-x] = target[0]
            target[width - 1 + x] = target[width - 1]
          }
          var sum = 0.0
          for x in (-margin)..<m { sum += target[x] }
          let mean = means + (channel &* width)
          for x in 0..<width {
            sum += target[x &+ m] - target[x &- margin]
            mean[x] = sum * scale
          }
        }
        let (dx, dy) = (dx.row(y), dy.row(y))
        for x in 0..<width {
          let (g11, g12, g22) = (means[x], means[width &+ x], means[2 &* width &+ x])
          let (h1, h2) = (means[3 &* width &+ x], means[4 &* width &+ x])
          let inverse = 1 / (g11 * g22 - g12 * g12 + 1e-3)
          dx[x] = Float((g11 * h2 - g12 * h1) * inverse)
          dy[x] = Float((g22 * h1 - g12 * h2) * inverse)
        }
      }
    }
  }
}
