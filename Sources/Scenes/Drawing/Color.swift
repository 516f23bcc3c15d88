/// Linear blends of display RGB, 0…1 per channel.
struct Color: Sendable, Equatable {
  /// Red, green, blue; the fourth lane is unused and keeps the vector whole.
  var channels: SIMD4<Float>

  @inline(__always)
  init(channels: SIMD4<Float>) {
    self.channels = channels
  }

  init(_ red: Float, _ green: Float, _ blue: Float) {
    channels = SIMD4(red, green, blue, 0)
  }

  /// From 0xRRGGBB.
  init(hex: UInt32) {
    self.init(
      Float(hex >> 16 & 0xFF) / 255, Float(hex >> 8 & 0xFF) / 255, Float(hex & 0xFF) / 255)
  }

  @inline(__always)
  func mixed(with other: Color, _ amount: Float) -> Color {
    Color(channels: channels + (other.channels - channels) * amount)
  }

  func lighter(_ amount: Float) -> Color { mixed(with: .white, amount) }
  func darker(_ amount: Float) -> Color { mixed(with: .black, amount) }

  var luminance: Float { 0.3 * channels.x + 0.59 * channels.y + 0.11 * channels.z }

  /// How well one is seen on the other.
  func contrast(with other: Color) -> Float {
    let difference = channels - other.channels
    return (difference * difference).sum().squareRoot() + abs(luminance - other.luminance)
  }
}

/// What a shape is filled with: one colour per row of pixels.
protocol Paint {
  func color(atHeight y: Float) -> Color
}

extension Paint where Self == Color {
  static var black: Color { Color(0, 0, 0) }
  static var white: Color { Color(1, 1, 1) }
}

extension Color: Paint {
  @inline(__always)
  func color(atHeight y: Float) -> Color { self }
}

/// A vertical gradient between two heights.
struct Gradient: Paint {
  let top: Color
  let bottom: Color
  let from: Float
  let to: Float

  init(_ top: Color, _ bottom: Color, from: Float = 0, to: Float = 1) {
    self.top = top
    self.bottom = bottom
    self.from = from
    self.to = to
  }

  @inline(__always)
  func color(atHeight y: Float) -> Color {
    top.mixed(with: bottom, min(max((y - from) / (to - from), 0), 1))
  }
}
