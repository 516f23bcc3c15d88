import Foundation

/// A point of the stage.
typealias Point = SIMD2<Float>

/// A picture under construction.
///
/// The stage is the centred square of the picture: (0, 0) its upper left, (1, 1) its lower right corner.
/// Wider or taller pictures show more of the surroundings. Shapes are signed-distance fields: one pixel of
/// the edge is blended, so they are smooth at any size.
final class Canvas {
  let width: Int
  let height: Int
  /// Pixels per stage unit.
  let scale: Float
  /// What is visible, in stage units.
  let visible: Bounds
  private let pixels: UnsafeMutableBufferPointer<SIMD4<Float>>

  init(width: Int, height: Int) {
    self.width = width
    self.height = height
    scale = Float(min(width, height))
    let marginX = (Float(width) / scale - 1) / 2
    let marginY = (Float(height) / scale - 1) / 2
    visible = Bounds(left: -marginX, top: -marginY, right: 1 + marginX, bottom: 1 + marginY)
    pixels = .allocate(capacity: width * height)
    pixels.initialize(repeating: .zero)
  }

  deinit {
    pixels.deallocate()
  }

  func copy(_ other: Canvas) {
    pixels.baseAddress!.update(from: UnsafePointer(other.pixels.baseAddress!), count: pixels.count)
  }

  /// 8-bit RGB, row by row: `width · height · 3` bytes.
  func write(to bytes: UnsafeMutablePointer<UInt8>) {
    for index in 0..<pixels.count {
      let value = pixels[index].clamped(lowerBound: .zero, upperBound: .one) * 255 + 0.5
      bytes[3 * index] = UInt8(truncatingIfNeeded: Int32(value.x))
      bytes[3 * index + 1] = UInt8(truncatingIfNeeded: Int32(value.y))
      bytes[3 * index + 2] = UInt8(truncatingIfNeeded: Int32(value.z))
    }
  }

  /// Visits the centres of the pixels within `bounds`, in stage units.
  @inline(__always)
  func update(_ bounds: Bounds, _ change: (_ x: Float, _ y: Float, _ pixel: inout SIMD4<Float>) -> Void) {
    let pixel = 1 / scale
    // Clamped as floating point first: far-away shapes must not overflow the conversion.
    let columns = Float(width)
    let rows = Float(height)
    let left = Int(min(max((bounds.left - visible.left) * scale - 1, 0), columns))
    let right = Int(min(max((bounds.right - visible.left) * scale + 2, 0), columns))
    let top = Int(min(max((bounds.top - visible.top) * scale - 1, 0), rows))
    let bottom = Int(min(max((bounds.bottom - visible.top) * scale + 2, 0), rows))
    guard left < right, top < bottom else { return }
    for row in top..<bottom {
      let y = visible.top + (Float(row) + 0.5) * pixel
      let line = pixels.baseAddress! + row * width
      for column in left..<right {
        change(visible.left + (Float(column) + 0.5) * pixel, y, &line[column])
      }
    }
  }

  /// Fills where `distance` (stage units) is negative, with an edge `blur` wide, one pixel at least.
  @inline(__always)
  func fill(
    _ bounds: Bounds, _ paint: some Paint, opacity: Float = 1, blur: Float = 0,
    distance: (_ x: Float, _ y: Float) -> Float
  ) {
    let sharpness = 1 / max(1 / scale, blur)
    let soft = blur * scale > 1.5
    update(bounds.grown(by: blur / 2)) { x, y, pixel in
      var coverage = 0.5 - distance(x, y) * sharpness
      guard coverage > 0 else { return }
      coverage = min(coverage, 1)
      if soft { coverage = coverage * coverage * (3 - 2 * coverage) }
      pixel += (paint.color(atHeight: y).channels - pixel) * (coverage * opacity)
    }
  }
}

/// A rectangle of the stage.
struct Bounds {
  var left: Float
  var top: Float
  var right: Float
  var bottom: Float

  @inline(__always)
  init(left: Float, top: Float, right: Float, bottom: Float) {
    self.left = left
    self.top = top
    self.right = right
    self.bottom = bottom
  }

  @inline(__always)
  init(center: Point, radius: Float) {
    self.init(
      left: center.x - radius, top: center.y - radius, right: center.x + radius, bottom: center.y + radius)
  }

  @inline(__always)
  func grown(by margin: Float) -> Bounds {
    Bounds(left: left - margin, top: top - margin, right: right + margin, bottom: bottom + margin)
  }
}
