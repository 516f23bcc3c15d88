import Foundation

/// A swinging bell; it rings where its clapper meets the wall, and rings of sound leave it.
struct Bell: Scene {
  private static let metals = [Tint("bronze", 0xB8763A), Tint("silver", 0xC5CFDA), Tint("golden", 0xF2BC3B)]

  let caption: String
  private let palette: Palette
  private let metal: Tint
  private let size: Size
  private let speed: Speed
  private let strikes: Strikes

  init(random: inout RandomSource, seconds: Double) {
    palette = random.choice(Palette.rooms)
    metal = Tint.drawn(on: palette, from: Self.metals, &random)
    size = random.choice(of: Size.self)
    let speed = random.choice(of: Speed.self)
    self.speed = speed
    let period = speed == .slow ? random.uniform(1.0...1.25) : random.uniform(0.55...0.7)
    strikes = Strikes(seconds: seconds, random: &random) { $0.uniform(0.9...1.12) * period }
    var words = Narrator(&random)
    let (size, color) = (words.maybe(size.rawValue), words.maybe(metal.name))
    let (pace, place) = (words.maybe(speed.rawValue), words.maybe(palette))
    let ringing = pace.isEmpty ? "" : speed.adverb
    caption = words.say(
      [
        "a \(size) \(color) bell ringing \(ringing) \(place)",
        "a \(size) \(color) bell swings and rings \(ringing) \(place)",
        "the ringing of a \(size) \(color) bell \(place), \(pace)",
        "a \(color) bell rings \(ringing) \(place), \(size)",
      ],
      brief: [
        "a bell ringing", "a ringing bell", "a \(self.size.rawValue) bell", "a \(metal.name) bell ringing",
      ])
  }

  var attributes: [String: String] {
    ["background": palette.name, "color": metal.name, "size": size.rawValue, "speed": speed.rawValue]
  }

  var events: [SceneEvent] { strikes.events { _ in "ring" } }

  private var scale: Float { size == .small ? 0.7 : 1.05 }
  private static let pivot = Point(0.5, 0.16)

  func paintBackdrop(on canvas: Canvas) {
    canvas.paintRoom(palette, horizon: 0.9)
    let oak = Gradient(Color(hex: 0x8A5C36), Color(hex: 0x4C2E18), from: 0.06, to: 0.16)
    canvas.box(Point(0.5, 0.11), half: Point(0.42, 0.045), corner: 0.02, oak)
  }

  func paint(at moment: Moment, on canvas: Canvas) {
    let beat = strikes.beat(at: moment)
    let side: Float = beat.index % 2 == 0 ? 1 : -1
    let angle = side * 0.5 * cos(.pi * beat.progress)
    // The clapper lags behind and meets the wall as the bell turns.
    let clapper = angle + side * 0.34 * cos(.pi * beat.progress)
    let flash = beat.flash(0.34)
    let tip = place(Point(0.035 * sin(clapper - angle) * 10 * scale, 0.6 * scale), angle)
    canvas.glow(place(Point(0, 0.35 * scale), angle), 0.55, Color(hex: 0xFFE2A0), 0.32 * flash)
    canvas.capsule(Self.pivot, tip, 0.018, metal.color.darker(0.55))
    canvas.ball(tip, Point(0.062, 0.062) * max(scale, 0.85), metal.color.darker(0.35), gloss: 0.5)
    paintBody(angle, flash, on: canvas)
    if flash > 0 {
      let lip = place(Point(0.26 * scale * side, 0.5 * scale), angle)
      for ring: Float in [0, 1] {
        canvas.ring(
          lip, 0.08 + 0.1 * ring + 0.16 * (1 - flash), width: 0.028, Color(hex: 0xFFF3CF),
          opacity: 0.8 * flash,
          blur: 0.015)
      }
    }
  }

  private func place(_ point: Point, _ angle: Float) -> Point {
    Self.pivot
      + Point(point.x * cos(angle) - point.y * sin(angle), point.x * sin(angle) + point.y * cos(angle))
  }

  private func paintBody(_ angle: Float, _ flash: Float, on canvas: Canvas) {
    let c = cos(angle)
    let s = sin(angle)
    let color = metal.color.mixed(with: Color(hex: 0xFFF1C4), 0.4 * flash)
    let dark = metal.color.darker(0.55)
    let k = scale
    canvas.update(Bounds(center: Self.pivot, radius: 0.66 * k)) { x, y, pixel in
      // In the bell's own frame: v runs from crown to lip, the half width follows its profile.
      let px = x - Self.pivot.x
      let py = y - Self.pivot.y
      let u = (px * c + py * s) / k
      let v = (py * c - px * s) / k
      let t = min(max((v - 0.06) / 0.46, 0), 1)
      let half = 0.12 * min(1, 4 * t).squareRoot() + 0.05 * t + 0.11 * t * t * t * t
      let distance = max(max(abs(u) - half, v - 0.54), 0.06 - v) * k * canvas.scale
      let coverage = min(max(0.5 - distance, 0), 1)
      guard coverage > 0 else { return }
      let across = u / max(half, 0.01)
      let light = min(max(1 - (across + 0.35) * (across + 0.35) * 0.75, 0), 1)
      var shade = dark.mixed(with: color, light)
      if abs(v - 0.47) < 0.014 || abs(v - 0.16) < 0.01 { shade = shade.darker(0.35) }
      pixel += (shade.channels - pixel) * coverage
    }
    canvas.disc(Self.pivot + Point(0, 0.02), 0.05, metal.color.darker(0.35))
  }

  func play(into track: inout Soundtrack) {
    let pitch: Float = (size == .small ? 1320 : 560)
    let ring = Impact(
      pitch: pitch, ratios: [1, 0.5, 1.2, 1.5, 2, 2.67, 4], decay: 0.4, slope: 0.25, amplitude: 0.3,
      noise: [NoiseBurst(kind: .highPass, frequency: 3500, amplitude: 0.7, decay: 0.007)])
    for index in strikes.heard {
      track.add(ring, at: strikes.times[index], gain: size == .small ? 0.8 : 1.05)
    }
  }
}
