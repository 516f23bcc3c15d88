import Foundation

/// A colour map for spectrograms: black through violet and orange to pale yellow.
///
/// Lightness rises evenly from end to end in the Oklab space, which is built so that equal steps look equal; hue and
/// chroma only decorate. Whoever sees no colours, or prints in grey, reads the same picture.
enum SheetColors {
  /// 256 colours, from nothing to the loudest.
  static let map: [(UInt8, UInt8, UInt8)] = (0..<256).map { color(at: Double($0) / 255) }

  private static func color(at level: Double) -> (UInt8, UInt8, UInt8) {
    let lightness = 0.10 + 0.87 * level
    // From blue (280°) over magenta and red to yellow (100° = 460°).
    let hue = (280 + 180 * pow(level, 0.9)) * .pi / 180
    var chroma = 0.18 * pow(sin(.pi * (0.06 + 0.86 * level)), 0.9)
    // What a screen cannot show is paled until it can, rather than clipped to another hue.
    while chroma > 0 {
      let rgb = linearRGB(lightness, chroma * cos(hue), chroma * sin(hue))
      if [rgb.0, rgb.1, rgb.2].allSatisfy({ (-1e-4...1.0001).contains($0) }) {
        return (encoded(rgb.0), encoded(rgb.1), encoded(rgb.2))
      }
      chroma -= 0.002
    }
    let grey = linearRGB(lightness, 0, 0)
    return (encoded(grey.0), encoded(grey.1), encoded(grey.2))
  }

  /// Oklab to linear sRGB (Björn Ottosson, 2020).
  private static func linearRGB(_ lightness: Double, _ a: Double, _ b: Double) -> (Double, Double, Double) {
    let l = pow(lightness + 0.3963377774 * a + 0.2158037573 * b, 3)
    let m = pow(lightness - 0.1055613458 * a - 0.0638541728 * b, 3)
    let s = pow(lightness - 0.0894841775 * a - 1.2914855480 * b, 3)
    return (
      4.0767416621 * l - 3.3077115913 * m + 0.2309699292 * s,
      -1.2684380046 * l + 2.6097574011 * m - 0.3413193965 * s,
      -0.0041960863 * l - 0.7034186147 * m + 1.7076147010 * s
    )
  }

  /// A linear component as an sRGB byte.
  private static func encoded(_ value: Double) -> UInt8 {
    let v = min(1, max(0, value))
    return UInt8((255 * (v <= 0.0031308 ? 12.92 * v : 1.055 * pow(v, 1 / 2.4) - 0.055)).rounded())
  }
}

extension Spectrogram {
  /// How bright each value is shown, `[frameCount, binCount]`: 80 decibels from 0 to 1.
  public var levels: [Float] {
    let range = Float(80 / 20 * log(10.0))
    // The loudest moment is brightest, but silence stays dark instead of showing its own noise.
    let top = max(values.lazy.filter(\.isFinite).max() ?? 0, -4)
    return values.map { $0.isFinite ? min(1, max(0, 1 - (top - $0) / range)) : 0 }
  }

  /// Low tones at the bottom, time to the right; 80 decibels from black to white.
  func picture(width: Int, height: Int) -> RGBPicture {
    let levels = levels
    let across = Resampling(from: frameCount, to: width)
    let down = Resampling(from: binCount, to: height)
    // [frames, bins] → [width, bins] → [width, height]
    let wide = across.apply(levels, stride: binCount)
    var picture = RGBPicture(width: width, height: height, fill: (0, 0, 0))
    for x in 0..<width {
      let column = down.apply(Array(wide[(x * binCount)..<((x + 1) * binCount)]), stride: 1)
      for (bin, level) in column.enumerated() {
        picture.set(x: x, y: height - 1 - bin, SheetColors.map[Int((level * 255).rounded())])
      }
    }
    return picture
  }
}
