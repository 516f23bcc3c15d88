import Foundation

/// A ball of some material bouncing on a floor. Size is heard as pitch, material as timbre.
struct BouncingBall: Scene {
  let caption: String
  private let palette: Palette
  private let tint: Tint
  private let material: Material
  private let size: Size
  private let strikes: Strikes
  private let drift: Float
  private let spin: Float

  private static let floor: Float = 0.84

  init(random: inout RandomSource, seconds: Double) {
    palette = random.choice(Palette.rooms)
    tint = Tint.drawn(on: palette, &random)
    let material = random.choice(of: Material.self)
    self.material = material
    size = random.choice(of: Size.self)
    drift = random.uniform(-1...1)
    spin = random.uniform(2...4) * (random.unit() < 0.5 ? -1 : 1)
    let restitution: Double = material == .rubber ? 0.9 : 0.8
    // Each flight is shorter than the one before; a dying ball is thrown up again.
    var flight = random.uniform(0.65...1.0)
    strikes = Strikes(seconds: seconds, random: &random) { draw in
      flight *= restitution * draw.uniform(0.93...1.07)
      if flight < 0.4 { flight = draw.uniform(0.75...1.0) }
      return flight
    }
    var words = Narrator(&random)
    let (size, color) = (words.maybe(size.rawValue), words.maybe(tint.name))
    let (stuff, place) = (words.maybe(material.adjective), words.maybe(palette))
    caption = words.say(
      [
        "a \(size) \(color) \(stuff) ball bouncing \(place)",
        "a \(size) \(color) \(stuff) ball bounces on the floor \(place)",
        "a \(stuff) ball bouncing, \(Caption.both(size, color)), \(place)",
        "a \(color) \(stuff) ball bounces up and down \(place), \(size)",
      ],
      brief: [
        "a ball bouncing", "a bouncing ball", "a \(material.adjective) ball bouncing",
        "a \(tint.name) ball bouncing",
      ])
  }

  var attributes: [String: String] {
    [
      "background": palette.name, "color": tint.name, "material": material.rawValue, "size": size.rawValue,
    ]
  }

  var events: [SceneEvent] { strikes.events { _ in "impact" } }

  private var radius: Float { size == .small ? 0.115 : 0.18 }

  func paintBackdrop(on canvas: Canvas) {
    canvas.paintRoom(palette, horizon: 0.72)
  }

  func paint(at moment: Moment, on canvas: Canvas) {
    let beat = strikes.beat(at: moment)
    let p = beat.progress
    let height = min(0.9 * beat.interval * beat.interval, 0.72 - 2 * radius) * 4 * p * (1 - p)
    let x = 0.5 + 0.16 * sin(drift * 3 + moment.seconds * 0.8)
    let softness: Float = material == .rubber ? 0.34 : 0.16
    let squash = softness * max(0, 1 - beat.age / 0.14)
    let radii = Point(radius * (1 + 0.7 * squash), radius * (1 - squash))
    let center = Point(x, Self.floor - radii.y - height)
    let near = 1 - height / 0.75
    canvas.shadow(Point(x, Self.floor + 0.012), Point(radius * (1.35 - 0.35 * near), 0.035), 0.2 + 0.4 * near)
    paintContact(at: Point(x, Self.floor), beat, on: canvas)
    paintBall(center, radii, turn: moment.seconds * spin, on: canvas)
  }

  private func paintContact(at point: Point, _ beat: Beat, on canvas: Canvas) {
    let flash = beat.flash(0.32)
    guard flash > 0 else { return }
    let spread = 1 - flash
    let dust = palette.floor.lighter(0.75)
    canvas.ellipse(
      point + Point(0, 0.005), Point(radius * (1.2 + 1.3 * spread), 0.04), dust, opacity: 0.75 * flash,
      blur: 0.05)
    for side: Float in [-1, 1] {
      for puff: Float in [0, 1] {
        let out = side * radius * (0.9 + 0.45 * puff + (0.9 + 0.5 * puff) * spread)
        let up = -0.02 - 0.02 * (1 - puff) - 0.05 * spread
        canvas.disc(
          point + Point(out, up), 0.045 + 0.03 * spread - 0.012 * puff, dust, opacity: 0.75 * flash,
          blur: 0.04)
      }
    }
  }

  private func paintBall(_ center: Point, _ radii: Point, turn: Float, on canvas: Canvas) {
    let color = tint.color
    switch material {
    case .rubber:
      canvas.ball(center, radii, color, gloss: 0.25)
      paintBand(
        center, radii, turn: turn, color: color.luminance > 0.75 ? Color(hex: 0x4A4A55) : .white, on: canvas)
    case .wood:
      canvas.ball(center, radii, color.mixed(with: Color(hex: 0x8A5A2B), 0.22), gloss: 0.1)
      for ring: Float in [0.3, 0.72] {
        canvas.ellipse(
          center, radii * ring, Color(hex: 0x4A2A10), hollow: max(0.16 * radii.x, 0.012), opacity: 0.5)
      }
    case .metal:
      canvas.ball(center, radii, color.mixed(with: Color(hex: 0x8C96A2), 0.12), gloss: 1, contrast: 1.5)
      // A polished ball mirrors the dark floor in its lower half.
      canvas.ellipse(
        center + Point(0, 0.35 * radii.y), Point(0.82, 0.42) * radii, Color(hex: 0x11151C), opacity: 0.45,
        blur: 0.25 * radii.y)
      canvas.ellipse(
        center + Point(0, -0.45 * radii.y), Point(0.55, 0.28) * radii, .white, opacity: 0.85,
        blur: 0.2 * radii.y)
    case .glass:
      canvas.ellipse(center, radii, color.lighter(0.2), opacity: 0.3)
      canvas.ellipse(center, radii * 0.88, color.lighter(0.35), hollow: 0.24 * radii.x, opacity: 0.95)
      canvas.ellipse(
        center + Point(-0.3, -0.35) * radii, Point(0.24, 0.18) * radii, .white, opacity: 0.95,
        blur: 0.1 * radii.x)
      canvas.ellipse(
        center + Point(0.25, 0.35) * radii, Point(0.4, 0.3) * radii, color.lighter(0.6), opacity: 0.5,
        blur: 0.3 * radii.x)
    }
  }

  /// A stripe around the ball, seen under the turn of the ball.
  private func paintBand(_ center: Point, _ radii: Point, turn: Float, color: Color, on canvas: Canvas) {
    let c = cos(turn)
    let s = sin(turn)
    let bounds = Bounds(center: center, radius: max(radii.x, radii.y))
    canvas.fill(bounds, color, opacity: 0.8) { x, y in
      let u = (x - center.x) / radii.x
      let v = (y - center.y) / radii.y
      let band = abs(u * c + v * s) - 0.2
      return max(band, (u * u + v * v).squareRoot() - 0.97) * radius
    }
  }

  func play(into track: inout Soundtrack) {
    let impact = material.impact(scale: size == .small ? 1.45 : 0.8)
    for index in strikes.heard {
      // The longer the fall, the harder the blow.
      let fall = Float(strikes.times[index] - strikes.times[index - 1])
      track.add(impact, at: strikes.times[index], gain: 0.65 + 0.45 * min(fall, 1))
    }
  }
}
