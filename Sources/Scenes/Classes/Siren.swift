import Foundation

/// A rotating light and its siren: the beam points up when the pitch is high.
struct Siren: Scene {
  private static let tints = [
    Tint("red", 0xFF3B3B), Tint("blue", 0x3F8CFF), Tint("orange", 0xFF9A2E), Tint("green", 0x48E070),
  ]

  let caption: String
  private let palette: Palette
  private let tint: Tint
  private let speed: Speed
  private let size: Size
  private let rate: Float
  private let drift: Float
  private let phase: Float

  init(random: inout RandomSource, seconds: Double) {
    palette = random.choice([.night, .dusk, .cloudy])
    tint = random.choice(Self.tints)
    speed = random.choice(of: Speed.self)
    size = random.choice(of: Size.self)
    rate = 2 * .pi * (speed == .slow ? random.uniform(0.32...0.42) : random.uniform(0.8...1.05))
    drift = random.uniform(-0.25...0.25)
    phase = random.uniform(0...6.28)
    var words = Narrator(&random)
    let (size, color) = (words.maybe(size.rawValue), words.maybe(tint.name))
    let (pace, place) = (words.maybe(speed.rawValue), words.maybe(palette))
    let turning = pace.isEmpty ? "" : speed.adverb
    caption = words.say(
      [
        "a siren wailing \(turning) with a \(size) \(color) light turning \(place)",
        "a \(size) \(color) light turns \(turning) and a siren wails \(place)",
        "a \(size) siren \(Caption.phrase("with a", color, "light")) wailing \(turning) \(place)",
        "a \(color) siren light turning \(place), \(Caption.both(pace, size))",
      ], brief: ["a siren wailing", "a siren", "a \(tint.name) siren light", "a \(speed.rawValue) siren"])
  }

  var attributes: [String: String] {
    ["background": palette.name, "color": tint.name, "size": size.rawValue, "speed": speed.rawValue]
  }

  /// Of the beam, radians; its rate drifts a little over some seconds.
  private func angle(_ time: Float) -> Float {
    phase + rate * (time + drift * sin(time * 0.9))
  }

  private var radius: Float { size == .small ? 0.11 : 0.17 }
  private static let lamp = Point(0.5, 0.6)

  func paintBackdrop(on canvas: Canvas) {
    canvas.paintSky(palette)
    canvas.fill(canvas.visible, Color(hex: 0x070A16), opacity: 0.5) { _, _ in -1 }
    for index in -4..<12 {
      let height = 0.12 + 0.16 * abs(sin(Float(index) * 2.1))
      let x = 0.05 + 0.13 * Float(index)
      canvas.box(Point(x, 0.92 - height / 2), half: Point(0.06, height / 2), palette.top.darker(0.65))
      canvas.box(Point(x, 0.86 - height * 0.6), half: Point(0.013, 0.016), Color(hex: 0xFFD27A), opacity: 0.8)
    }
    canvas.ground(Gradient(Color(hex: 0x1B1F2A), Color(hex: 0x0A0C12), from: 0.88, to: 1)) { _ in 0.88 }
  }

  func paint(at moment: Moment, on canvas: Canvas) {
    let angle = angle(moment.seconds)
    let direction = Point(cos(angle), -sin(angle))
    let light = tint.color.channels
    // The beam: bright along its axis, fading with the distance.
    canvas.update(canvas.visible) { x, y, pixel in
      let dx = x - Self.lamp.x
      let dy = y - Self.lamp.y
      let distance = (dx * dx + dy * dy).squareRoot()
      let cosine = (dx * direction.x + dy * direction.y) / max(distance, 1e-4)
      guard cosine > 0.86 else { return }
      let across = (cosine - 0.86) / 0.14
      let strength = across * across * (3 - 2 * across) * max(1 - distance * 0.85, 0.15)
      pixel += (SIMD4<Float>.one - pixel) * light * (0.95 * strength)
    }
    canvas.glow(Self.lamp, 0.36, tint.color, 0.55)
    let steel = Gradient(Color(hex: 0x8893A2), Color(hex: 0x2C323C), from: 0.6, to: 0.95)
    canvas.box(Point(0.5, 0.8), half: Point(radius * 0.42, 0.14), steel)
    canvas.box(Point(0.5, 0.62 + radius * 0.75), half: Point(radius * 1.25, 0.04), corner: 0.02, steel)
    canvas.ball(Self.lamp, Point(radius, radius), tint.color, gloss: 0.4, contrast: 0.8)
    let spot = Self.lamp + direction * radius * 0.45
    canvas.disc(spot, radius * 0.5, .white, opacity: 0.95, blur: radius * 0.4)
  }

  func play(into track: inout Soundtrack) {
    let base: Float = size == .small ? 820 : 470
    track.addTone(lasting: Float(track.seconds), harmonics: [1, 0.45, 0.3, 0.12]) {
      base * (1 + 0.45 * sin(angle($0)))
    } level: {
      0.4 * min(1, $0 / 0.02)
    }
  }
}
