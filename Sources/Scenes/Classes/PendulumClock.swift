import Foundation

/// A pendulum clock: a lamp lights on the side the bob has reached, and it ticks there.
struct PendulumClock: Scene {
  let caption: String
  private let palette: Palette
  private let tint: Tint
  private let size: Size
  private let speed: Speed
  private let strikes: Strikes

  init(random: inout RandomSource, seconds: Double) {
    palette = random.choice(Palette.rooms)
    tint = Tint.drawn(on: palette, &random)
    size = random.choice(of: Size.self)
    let speed = random.choice(of: Speed.self)
    self.speed = speed
    let period = speed == .slow ? random.uniform(0.8...1.0) : random.uniform(0.4...0.5)
    strikes = Strikes(seconds: seconds, random: &random) { $0.uniform(0.9...1.1) * period }
    var words = Narrator(&random)
    let (size, color) = (words.maybe(size.rawValue), words.maybe(tint.name))
    let (pace, place) = (words.maybe(speed.adverb), words.maybe(palette))
    let pendulum = Caption.phrase("", color, "pendulum")
    caption = words.say(
      [
        "a \(size) clock \(Caption.phrase("with a", pendulum)) ticking \(pace) \(place)",
        "a \(size) clock \(Caption.phrase("with a", pendulum)) ticks \(pace) \(place)",
        "a \(color) pendulum swings and the \(size) clock ticks \(pace) \(place)",
        "a clock ticking \(pace), \(size), \(pendulum), \(place)",
      ],
      brief: [
        "a clock ticking", "a ticking clock", "a clock pendulum ticking \(speed.adverb)",
        "a clock with a \(tint.name) pendulum", "a pendulum clock",
      ])
  }

  var attributes: [String: String] {
    ["background": palette.name, "color": tint.name, "size": size.rawValue, "speed": speed.rawValue]
  }

  var events: [SceneEvent] { strikes.events { $0 % 2 == 0 ? "tick" : "tock" } }

  private var pivot: Point { Point(0.5, size == .small ? 0.3 : 0.22) }
  private var face: Float { size == .small ? 0.13 : 0.19 }
  private var length: Float { size == .small ? 0.46 : 0.6 }

  private func lamp(_ side: Float) -> Point { Point(0.5 + side * 0.4, pivot.y + length * 0.86) }

  func paintBackdrop(on canvas: Canvas) {
    canvas.paintRoom(palette, horizon: 0.95)
    for side: Float in [-1, 1] {
      canvas.disc(lamp(side), 0.075, Color(hex: 0x2B2320))
      canvas.disc(lamp(side), 0.052, palette.bottom.darker(0.45))
    }
  }

  func paint(at moment: Moment, on canvas: Canvas) {
    let beat = strikes.beat(at: moment)
    let side: Float = beat.index % 2 == 0 ? 1 : -1
    let angle = side * 0.62 * cos(.pi * beat.progress)
    let bob = pivot + Point(sin(angle), cos(angle)) * length
    let brass = Color(hex: 0xD9B45B)
    canvas.shadow(bob + Point(0.03, 0.04), Point(0.1, 0.1), 0.3)
    canvas.capsule(pivot, bob, 0.02, brass.darker(0.15))
    canvas.ball(bob, Point(0.105, 0.105), tint.color, gloss: 0.7)
    paintFace(hand: Float(beat.index) * 0.52, on: canvas)
    let flash = beat.flash(0.32)
    guard flash > 0 else { return }
    let warm = Color(hex: 0xFFE08A)
    canvas.glow(lamp(side), 0.3, warm, 0.85 * flash)
    canvas.disc(lamp(side), 0.07, warm.lighter(0.4), opacity: flash)
  }

  private func paintFace(hand: Float, on canvas: Canvas) {
    canvas.shadow(pivot + Point(0.02, 0.03), Point(face * 1.25, face * 1.25), 0.4)
    canvas.disc(
      pivot, face * 1.22,
      Gradient(Color(hex: 0x9A6336), Color(hex: 0x57331A), from: pivot.y - face, to: pivot.y + face))
    canvas.disc(pivot, face, Color(hex: 0xFBF4E2))
    for hour in 0..<12 {
      let a = Float(hour) * .pi / 6
      canvas.disc(pivot + Point(sin(a), -cos(a)) * face * 0.82, face * 0.07, Color(hex: 0x4A3A2C))
    }
    let ink = Color(hex: 0x2A2420)
    canvas.capsule(pivot, pivot + Point(-0.5, -0.32) * face, 0.016, ink)
    canvas.capsule(pivot, pivot + Point(sin(hand), -cos(hand)) * face * 0.72, 0.012, Color(hex: 0xC0392B))
    canvas.disc(pivot, 0.018, ink)
  }

  func play(into track: inout Soundtrack) {
    let scale: Float = size == .small ? 1.5 : 0.8
    for index in strikes.heard {
      let pitch: Float = (index % 2 == 0 ? 1500 : 1050) * scale
      let tick = Impact(
        pitch: pitch, ratios: [1, 2.1, 3.4], decay: 0.035, amplitude: 0.6,
        noise: [NoiseBurst(kind: .highPass, frequency: 2500, amplitude: 0.7, decay: 0.006)])
      track.add(tick, at: strikes.times[index], gain: size == .small ? 0.75 : 1)
    }
  }
}
