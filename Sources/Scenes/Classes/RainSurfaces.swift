import Foundation

/// What the rain falls on.
extension Rain {
  func paintRoof(on canvas: Canvas) {
    let tin = Color(hex: 0x8C9BA8).mixed(with: palette.bottom, 0.2)
    var bounds = canvas.visible
    bounds.top = 0.58
    canvas.update(bounds) { x, y, pixel in
      let coverage = min(max((y - 0.58) * canvas.scale + 0.5, 0), 1)
      // Corrugation, seen in perspective: the ridges fan out towards the viewer.
      let ridge = 0.5 + 0.5 * cos((x - 0.5) / (0.55 + 0.75 * (y - 0.58)) * 38)
      let shade = tin.darker(0.45).mixed(with: tin.lighter(0.25), ridge).darker(0.5 * (y - 0.58))
      pixel += (shade.channels - pixel) * coverage
    }
    canvas.ground(Color(hex: 0x2B3138), opacity: 0.5, blur: 0.02) { _ in 0.96 }
    var edge = canvas.visible
    edge.top = 0.56
    edge.bottom = 0.6
    canvas.fill(edge, tin.lighter(0.35)) { _, y in abs(y - 0.58) - 0.012 }
  }

  func paintStreet(on canvas: Canvas) {
    for index in -6..<13 {
      let x = -0.05 + 0.18 * Float(index)
      let height = 0.16 + 0.12 * abs(sin(Float(index) * 2.3))
      canvas.box(Point(x, 0.66 - height / 2), half: Point(0.085, height / 2), palette.top.darker(0.35))
    }
    let wet = Gradient(palette.bottom.darker(0.45), Color(hex: 0x23282F), from: 0.66, to: 1)
    canvas.ground(wet) { _ in 0.66 }
    canvas.ellipse(Point(0.5, 0.84), Point(0.42, 0.1), palette.bottom.darker(0.15), opacity: 0.6, blur: 0.04)
  }

  func paintLeaves(_ time: Float, on canvas: Canvas) {
    for index in -6..<13 {
      let phase = Float(index) * 1.9
      let bob = 0.012 * level(time) * sin(time * 17 + phase * 3)
      let center = Point(0.02 + 0.165 * Float(index), 0.8 + 0.06 * sin(phase) + bob)
      let green = Color(hex: index % 2 == 0 ? 0x3E9B4F : 0x2F7F45).mixed(with: palette.top, 0.12)
      canvas.ellipse(
        center, Point(0.15, 0.085),
        Gradient(green.lighter(0.25), green.darker(0.3), from: center.y - 0.08, to: center.y + 0.08))
      canvas.capsule(
        center - Point(0.12, -0.01), center + Point(0.12, -0.01), 0.008, green.darker(0.4), opacity: 0.7)
    }
  }

  func paintWindow(_ time: Float, on canvas: Canvas) {
    // A few drops run down the pane.
    for (index, column) in Self.columns.prefix(6).enumerated() where Float(index) < level(time) * 6 {
      let path = column.depth + time * 0.2
      let point = Point(0.15 + 0.7 * column.x, 0.1 + 0.8 * (path - path.rounded(.down)))
      canvas.capsule(point - Point(0, 0.09), point, 0.006, endRadius: 0.018, .white, opacity: 0.45)
      canvas.disc(point, 0.02, .white, opacity: 0.75)
    }
    let wood = Color(hex: 0x5B3B24)
    let frame = canvas.visible
    canvas.fill(frame, Gradient(wood.lighter(0.15), wood.darker(0.3))) { x, y in
      let outside = 0.43 - max(abs(x - 0.5), abs(y - 0.5))
      let bars = min(abs(x - 0.5), abs(y - 0.5)) - 0.022
      return min(outside, bars)
    }
  }
}
