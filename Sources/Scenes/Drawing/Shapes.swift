import Foundation

extension Canvas {
  func disc(_ center: Point, _ radius: Float, _ paint: some Paint, opacity: Float = 1, blur: Float = 0) {
    fill(Bounds(center: center, radius: radius), paint, opacity: opacity, blur: blur) { x, y in
      let dx = x - center.x
      let dy = y - center.y
      return (dx * dx + dy * dy).squareRoot() - radius
    }
  }

  func ring(
    _ center: Point, _ radius: Float, width: Float, _ paint: some Paint, opacity: Float = 1, blur: Float = 0
  ) {
    fill(Bounds(center: center, radius: radius + width), paint, opacity: opacity, blur: blur) { x, y in
      let dx = x - center.x
      let dy = y - center.y
      return abs((dx * dx + dy * dy).squareRoot() - radius) - width / 2
    }
  }

  /// - Parameter hollow: width of the line when only the outline is drawn.
  func ellipse(
    _ center: Point, _ radii: Point, _ paint: some Paint, hollow: Float? = nil, opacity: Float = 1,
    blur: Float = 0
  ) {
    let bounds = Bounds(
      left: center.x - radii.x, top: center.y - radii.y, right: center.x + radii.x, bottom: center.y + radii.y
    )
    fill(bounds.grown(by: hollow ?? 0), paint, opacity: opacity, blur: blur) { x, y in
      let dx = (x - center.x) / radii.x
      let dy = (y - center.y) / radii.y
      let length = (dx * dx + dy * dy).squareRoot()
      let gx = dx / radii.x
      let gy = dy / radii.y
      // First-order distance: value over gradient.
      let distance = length * (length - 1) / max((gx * gx + gy * gy).squareRoot(), 1e-6)
      return hollow.map { abs(distance) - $0 / 2 } ?? distance
    }
  }

  /// A thick line with round ends; `endRadius` tapers it.
  func capsule(
    _ start: Point, _ end: Point, _ radius: Float, endRadius: Float? = nil, _ paint: some Paint,
    opacity: Float = 1, blur: Float = 0
  ) {
    let axis = end - start
    let inverse = 1 / max((axis * axis).sum(), 1e-9)
    let taper = (endRadius ?? radius) - radius
    let reach = max(radius, radius + taper)
    let bounds = Bounds(
      left: min(start.x, end.x) - reach, top: min(start.y, end.y) - reach,
      right: max(start.x, end.x) + reach, bottom: max(start.y, end.y) + reach)
    fill(bounds, paint, opacity: opacity, blur: blur) { x, y in
      let px = x - start.x
      let py = y - start.y
      let along = min(max((px * axis.x + py * axis.y) * inverse, 0), 1)
      let dx = px - axis.x * along
      let dy = py - axis.y * along
      return (dx * dx + dy * dy).squareRoot() - radius - taper * along
    }
  }

  /// A rectangle of half extents `half` with round corners, turned by `angle` radians.
  func box(
    _ center: Point, half: Point, corner: Float = 0, angle: Float = 0, _ paint: some Paint,
    opacity: Float = 1, blur: Float = 0
  ) {
    let c = cos(angle)
    let s = sin(angle)
    let reach = Point(abs(c) * half.x + abs(s) * half.y, abs(s) * half.x + abs(c) * half.y)
    let bounds = Bounds(
      left: center.x - reach.x, top: center.y - reach.y, right: center.x + reach.x, bottom: center.y + reach.y
    )
    fill(bounds, paint, opacity: opacity, blur: blur) { x, y in
      let px = x - center.x
      let py = y - center.y
      let dx = abs(c * px + s * py) - half.x + corner
      let dy = abs(c * py - s * px) - half.y + corner
      let ox = max(dx, 0)
      let oy = max(dy, 0)
      return (ox * ox + oy * oy).squareRoot() + min(max(dx, dy), 0) - corner
    }
  }

  /// A convex polygon; its corners in clockwise order as seen.
  func polygon(_ corners: [Point], _ paint: some Paint, opacity: Float = 1, blur: Float = 0) {
    var bounds = Bounds(center: corners[0], radius: 0)
    var edges: [(normal: Point, offset: Float)] = []
    for (index, corner) in corners.enumerated() {
      bounds.left = min(bounds.left, corner.x)
      bounds.right = max(bounds.right, corner.x)
      bounds.top = min(bounds.top, corner.y)
      bounds.bottom = max(bounds.bottom, corner.y)
      let side = corners[(index + 1) % corners.count] - corner
      let normal = Point(side.y, -side.x) / max((side * side).sum().squareRoot(), 1e-6)
      edges.append((normal, (normal * corner).sum()))
    }
    edges.withUnsafeBufferPointer { edges in
      fill(bounds, paint, opacity: opacity, blur: blur) { x, y in
        var distance = -Float.infinity
        for edge in edges { distance = max(distance, edge.normal.x * x + edge.normal.y * y - edge.offset) }
        return distance
      }
    }
  }

  /// Everything below the height `surface` of each column, over the whole width.
  func ground(_ paint: some Paint, opacity: Float = 1, blur: Float = 0, surface: (Float) -> Float) {
    let heights = (0..<width).map { surface(visible.left + (Float($0) + 0.5) / scale) }
    var bounds = visible
    bounds.top = heights.min() ?? visible.top
    guard bounds.top < visible.bottom else { return }
    let left = visible.left
    heights.withUnsafeBufferPointer { heights in
      fill(bounds, paint, opacity: opacity, blur: blur) { x, y in
        heights[min(max(Int((x - left) * scale), 0), heights.count - 1)] - y
      }
    }
  }

  /// Light: brightens towards `color`, most at the centre, nothing beyond `radius`.
  func glow(_ center: Point, _ radius: Float, _ color: Color, _ strength: Float) {
    guard strength > 0.004 else { return }
    let inverse = 1 / (radius * radius)
    let light = color.channels * strength
    update(Bounds(center: center, radius: radius)) { x, y, pixel in
      let dx = x - center.x
      let dy = y - center.y
      let rest = 1 - (dx * dx + dy * dy) * inverse
      // A screen blend: light adds up but never burns out to flat white.
      if rest > 0 { pixel += (SIMD4<Float>.one - pixel) * light * (rest * rest) }
    }
  }

  /// A lit ball with half axes `radii`, the light from the upper left.
  func ball(_ center: Point, _ radii: Point, _ color: Color, gloss: Float = 0.5, contrast: Float = 1) {
    let dark = color.mixed(with: Color(hex: 0x0A0A1E), 0.55 * contrast)
    let bright = color.lighter(0.28)
    let pixel = 1 / scale
    let radius = min(radii.x, radii.y)
    let bounds = Bounds(
      left: center.x - radii.x, top: center.y - radii.y, right: center.x + radii.x, bottom: center.y + radii.y
    )
    update(bounds) { x, y, value in
      let u = (x - center.x) / radii.x
      let v = (y - center.y) / radii.y
      let squared = u * u + v * v
      let coverage = min(max(0.5 - (squared.squareRoot() - 1) * radius / pixel, 0), 1)
      guard coverage > 0 else { return }
      let depth = max(1 - squared, 0).squareRoot()
      let light = min(max(0.5 + 0.5 * (-0.5 * u - 0.62 * v + 0.6 * depth), 0), 1)
      let hu = u + 0.36
      let hv = v + 0.42
      let spot = max(1 - (hu * hu + hv * hv) * 7, 0)
      let shade = dark.mixed(with: bright, light).mixed(with: .white, spot * spot * gloss)
      value += (shade.channels - value) * coverage
    }
  }

  /// The shadow of something above the floor.
  func shadow(_ center: Point, _ radii: Point, _ strength: Float) {
    ellipse(center, radii, Color(hex: 0x05060F), opacity: strength, blur: radii.y * 1.6)
  }
}
