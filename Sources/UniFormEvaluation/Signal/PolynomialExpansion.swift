import Foundation

/// The quadratic that fits a picture best around each of its pixels under a Gaussian weight:
/// r₁x + r₀y + r₃x² + r₂y² + r₄xy (Farnebäck 2003, section 3).
struct PolynomialExpansion {
  /// Floats from one pixel to the next: five coefficients and three zeros, which fill whole vectors.
  static let stride = 8

  let width: Int
  let height: Int
  /// `[height, width, stride]`
  let coefficients: FloatPlane

  init(of picture: FloatPlane, basis: Basis) {
    width = picture.width
    height = picture.height
    coefficients = FloatPlane(width: width * Self.stride, height: height)
    let n = basis.reach
    // The moments of columns: their sum, and weighted with y and y².
    let padded = width + 2 * n + 4
    let moments = FloatPlane(width: padded, height: 3)
    let (sums, slopes, curves) = (moments.row(0) + n, moments.row(1) + n, moments.row(2) + n)
    for y in 0..<height {
      let center = picture.row(y)
      for x in 0..<width {
        sums[x] = center[x] * basis.g[0]
        slopes[x] = 0
        curves[x] = 0
      }
      for k in 1...n {
        let (above, below) = (picture.row(max(y - k, 0)), picture.row(min(y + k, height - 1)))
        let (g, xg, xxg) = (basis.g[k], basis.xg[k], basis.xxg[k])
        for x in 0..<width {
          let (a, b) = (above[x], below[x])
          sums[x] += g * (a + b)
          slopes[x] += xg * (b - a)
          curves[x] += xxg * (a + b)
        }
      }
      for line in [sums, slopes, curves] {
        for offset in 1...n { line[-offset] = line[0] }
        for offset in 0..<(n + 4) { line[width + offset] = line[width - 1] }
      }
      expandRow(sums, slopes, curves, basis, into: coefficients.row(y))
    }
  }

  private func expandRow(
    _ sums: UnsafeMutablePointer<Float>, _ slopes: UnsafeMutablePointer<Float>,
    _ curves: UnsafeMutablePointer<Float>, _ basis: Basis, into row: UnsafeMutablePointer<Float>
  ) {
    for start in Swift.stride(from: 0, to: width, by: 4) {
      let g0 = basis.g[0]
      var one = SIMD4<Double>(load(sums, start) * g0)
      var x = SIMD4<Double>.zero
      var y = SIMD4<Double>(load(slopes, start) * g0)
      var xx = SIMD4<Double>.zero
      var yy = SIMD4<Double>(load(curves, start) * g0)
      var xy = SIMD4<Double>.zero
      for k in 1...basis.reach {
        let (g, xg, xxg) = (basis.g[k], basis.xg[k], basis.xxg[k])
        let (right, left) = (load(sums, start &+ k), load(sums, start &- k))
        let (rightSlope, leftSlope) = (load(slopes, start &+ k), load(slopes, start &- k))
        let both = SIMD4<Double>(right + left)
        one += both * Double(g)
        xx += both * Double(xxg)
        x += SIMD4<Double>((right - left) * xg)
        y += SIMD4<Double>((rightSlope + leftSlope) * g)
        xy += SIMD4<Double>((rightSlope - leftSlope) * xg)
        yy += SIMD4<Double>((load(curves, start &+ k) + load(curves, start &- k)) * g)
      }
      let r0 = SIMD4<Float>(y * basis.inverse11)
      let r1 = SIMD4<Float>(x * basis.inverse11)
      let r2 = SIMD4<Float>(one * basis.inverse03 + yy * basis.inverse33)
      let r3 = SIMD4<Float>(one * basis.inverse03 + xx * basis.inverse33)
      let r4 = SIMD4<Float>(xy * basis.inverse55)
      for lane in 0..<min(4, width &- start) {
        let pixel = row + ((start &+ lane) &* Self.stride)
        pixel[0] = r0[lane]
        pixel[1] = r1[lane]
        pixel[2] = r2[lane]
        pixel[3] = r3[lane]
        pixel[4] = r4[lane]
      }
    }
  }

  private func load(_ line: UnsafeMutablePointer<Float>, _ index: Int) -> SIMD4<Float> {
    UnsafeRawPointer(line + index).loadUnaligned(as: SIMD4<Float>.self)
  }
}

extension PolynomialExpansion {
  /// The Gaussian weight over −reach…reach, its moments, and the entries of the inverse moment matrix that are not 0.
  struct Basis {
    let reach: Int
    /// From the centre on: g, x·g and x²·g.
    let g, xg, xxg: [Float]
    let inverse11, inverse03, inverse33, inverse55: Double

    init(reach: Int, sigma: Double) {
      self.reach = reach
      let raw = (-reach...reach).map { Float(exp(-Double($0 * $0) / (2 * sigma * sigma))) }
      let scale = 1 / raw.reduce(0) { $0 + Double($1) }
      let g = raw.map { Float(Double($0) * scale) }
      let half = (0...reach).map { g[reach + $0] }
      self.g = half
      xg = half.enumerated().map { Float($0) * $1 }
      xxg = half.enumerated().map { Float($0 * $0) * $1 }
      // Moments of the weight g(x)·g(y): of 1, x², x⁴ and x²y².
      func moment(_ powerX: Int, _ powerY: Int) -> Double {
        var sum = 0.0
        for y in -reach...reach {
          for x in -reach...reach {
            let weight = Double(g[reach + y]) * Double(g[reach + x])
            sum += weight * pow(Double(x), Double(powerX)) * pow(Double(y), Double(powerY))
          }
        }
        return sum
      }
      let (a, b, c, d) = (moment(0, 0), moment(2, 0), moment(4, 0), moment(2, 2))
      // The matrix of (1, x, y, x², y², xy) falls apart: x, y and xy stand alone, 1, x² and y² are one block.
      inverse11 = 1 / b
      inverse55 = 1 / d
      let determinant = a * (c + d) - 2 * b * b
      inverse03 = -b / determinant
      inverse33 = (a * c - b * b) / ((c - d) * determinant)
    }
  }
}
