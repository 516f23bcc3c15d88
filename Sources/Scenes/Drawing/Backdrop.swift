import Foundation

extension Canvas {
  /// A wall with a pool of light and a floor that begins at `horizon`.
  func paintRoom(_ palette: Palette, horizon: Float) {
    fill(visible, Gradient(palette.top, palette.bottom, from: visible.top, to: horizon)) { _, _ in -1 }
    glow(Point(0.5, 0.38), 0.75, palette.light, 0.22)
    let floor = Gradient(palette.floor.lighter(0.1), palette.floor.darker(0.25), from: horizon, to: 1)
    ground(floor) { _ in horizon }
    ground(palette.floor.darker(0.35), opacity: 0.35, blur: 0.02) { _ in horizon }
    ground(floor) { _ in horizon + 0.012 }
    ellipse(Point(0.5, horizon + 0.12), Point(0.5, 0.1), palette.light, opacity: 0.1, blur: 0.18)
    vignette()
  }

  /// Open sky, down to the lower edge of the picture.
  func paintSky(_ palette: Palette, horizon: Float = 1) {
    fill(visible, Gradient(palette.top, palette.bottom, from: visible.top, to: horizon)) { _, _ in -1 }
  }

  /// Darkens the corners a little.
  func vignette(_ strength: Float = 0.22) {
    let center = Point(0.5, 0.5)
    let reach = Point(visible.right - 0.5, visible.bottom - 0.5)
    update(visible) { x, y, pixel in
      let u = (x - center.x) / reach.x
      let v = (y - center.y) / reach.y
      let outward: Float = max(u * u + v * v - 0.5, 0)
      pixel *= SIMD4(repeating: 1 - strength * outward / 1.5)
    }
  }
}
