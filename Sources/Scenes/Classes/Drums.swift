import Foundation

/// A drum kit seen from the front: kick, snare and hat light up when they are hit.
struct Drums: Scene {
  private enum Pad: String {
    case kick, snare, hat
  }

  let caption: String
  private let palette: Palette
  private let tint: Tint
  private let speed: Speed
  private let pattern: String
  private let strikes: Strikes
  private let pads: [Pad]

  init(random: inout RandomSource, seconds: Double) {
    palette = random.choice(Palette.rooms)
    tint = Tint.drawn(on: palette, &random)
    let speed = random.choice(of: Speed.self)
    self.speed = speed
    pattern = random.choice(["rock", "march", "free"])
    let period = speed == .slow ? random.uniform(0.5...0.62) : random.uniform(0.34...0.38)
    strikes = Strikes(seconds: seconds, random: &random) { $0.uniform(0.96...1.1) * period }
    var draw = random.fork(5)
    let patterns: [String: [Pad]] = [
      "rock": [.kick, .hat, .snare, .hat], "march": [.snare, .snare, .kick, .hat],
    ]
    let cycle = patterns[pattern]
    pads = strikes.times.indices.map { index in
      cycle.map { $0[index % 4] } ?? draw.choice([.kick, .snare, .hat])
    }
    var words = Narrator(&random)
    let (color, pace, place) = (words.maybe(tint.name), words.maybe(speed.rawValue), words.maybe(palette))
    let quickly = pace.isEmpty ? "" : speed.adverb
    let rhythm = ["rock": "a rock beat", "march": "a march", "free": "a free rhythm"][pattern]!
    let beat = words.maybe(rhythm)
    caption = words.say(
      [
        "\(color) drums playing \(beat) \(quickly) \(place)",
        "a \(color) drum kit playing \(beat) \(place), \(pace)",
        "a drummer playing \(beat) on \(color) drums \(quickly) \(place)",
        "a \(pace) drum solo on \(color) drums, \(beat), \(place)",
      ],
      brief: [
        "a drummer playing drums", "drums playing \(rhythm)", "a drum solo", "\(tint.name) drums",
        "drums playing",
      ])
  }

  var attributes: [String: String] {
    ["background": palette.name, "color": tint.name, "pattern": pattern, "speed": speed.rawValue]
  }

  var events: [SceneEvent] { strikes.events { pads[$0].rawValue } }

  private static let kick = Point(0.42, 0.66)
  private static let snare = Point(0.8, 0.58)
  private static let hat = Point(0.18, 0.27)

  func paintBackdrop(on canvas: Canvas) {
    canvas.paintRoom(palette, horizon: 0.82)
    canvas.shadow(Point(0.45, 0.93), Point(0.38, 0.05), 0.5)
    let chrome = Color(hex: 0xAEB7C2)
    canvas.capsule(Self.hat, Point(0.15, 0.92), 0.014, chrome.darker(0.3))
    canvas.capsule(Self.snare, Point(0.82, 0.93), 0.016, chrome.darker(0.3))
    paintKick(0, on: canvas)
    paintSnare(0, on: canvas)
    paintHat(0, on: canvas)
  }

  func paint(at moment: Moment, on canvas: Canvas) {
    let beat = strikes.beat(at: moment)
    let flash = beat.flash(0.3)
    guard flash > 0 else { return }
    switch pads[beat.index] {
    case .kick:
      canvas.glow(Self.kick, 0.5, tint.color.lighter(0.3), 0.5 * flash)
      paintKick(flash, on: canvas)
      canvas.ring(Self.kick, 0.26 + 0.14 * (1 - flash), width: 0.03, .white, opacity: 0.7 * flash, blur: 0.02)
    case .snare:
      canvas.glow(Self.snare - Point(0, 0.1), 0.36, tint.color.lighter(0.4), 0.6 * flash)
      paintSnare(flash, on: canvas)
    case .hat:
      canvas.glow(Self.hat, 0.36, Color(hex: 0xFFE9A0), 0.7 * flash)
      paintHat(flash, on: canvas)
    }
  }

  private func paintKick(_ flash: Float, on canvas: Canvas) {
    let radius = 0.255 + 0.02 * flash
    canvas.disc(Self.kick, radius, tint.color.darker(0.35))
    canvas.ring(Self.kick, radius - 0.02, width: 0.034, tint.color.lighter(0.15))
    let skin = Color(hex: 0xB9AFA0).mixed(with: .white, flash)
    canvas.disc(
      Self.kick, radius * 0.8, Gradient(skin, skin.darker(0.22 * (1 - flash)), from: 0.45, to: 0.87))
    canvas.disc(Self.kick, 0.085, tint.color.mixed(with: .white, 0.75 * flash))
  }

  private func paintSnare(_ flash: Float, on canvas: Canvas) {
    let shell = Gradient(tint.color.lighter(0.4 * flash), tint.color.darker(0.45), from: 0.46, to: 0.7)
    canvas.box(Self.snare + Point(0, 0.03), half: Point(0.15, 0.1), corner: 0.03, shell)
    canvas.box(Self.snare + Point(0, 0.12), half: Point(0.155, 0.016), corner: 0.01, Color(hex: 0xC9D1DA))
    let skin = Color(hex: 0xB9AFA0).mixed(with: .white, flash)
    canvas.ellipse(Self.snare - Point(0, 0.07), Point(0.16, 0.06 + 0.015 * flash), Color(hex: 0xC9D1DA))
    canvas.ellipse(Self.snare - Point(0, 0.07), Point(0.14, 0.045 + 0.015 * flash), skin)
  }

  private func paintHat(_ flash: Float, on canvas: Canvas) {
    let brass = Color(hex: 0xB98A2E).mixed(with: Color(hex: 0xFFF6CF), flash)
    let lift = 0.03 * flash
    canvas.ellipse(Self.hat + Point(0, 0.03), Point(0.17, 0.034), brass.darker(0.35))
    canvas.ellipse(Self.hat - Point(0, lift), Point(0.17 + 0.02 * flash, 0.034 + 0.012 * flash), brass)
    canvas.disc(Self.hat - Point(0, 0.02 + lift), 0.04, brass.lighter(0.15))
  }

  func play(into track: inout Soundtrack) {
    for index in strikes.heard {
      let time = strikes.times[index]
      switch pads[index] {
      case .kick:
        track.addTone(at: time, lasting: 0.3) {
          52 + 110 * exp(-$0 / 0.022)
        } level: {
          1.1 * exp(-$0 / 0.085)
        }
        track.add(
          Impact(noise: [NoiseBurst(kind: .lowPass, frequency: 1800, amplitude: 0.5, decay: 0.006)]), at: time
        )
      case .snare:
        let snare = Impact(
          pitch: 190, ratios: [1, 1.72], decay: 0.06, amplitude: 0.5,
          noise: [NoiseBurst(frequency: 2600, quality: 0.5, amplitude: 1.3, decay: 0.06)])
        track.add(snare, at: time)
      case .hat:
        track.add(
          Impact(noise: [NoiseBurst(kind: .highPass, frequency: 5200, amplitude: 0.9, decay: 0.035)]),
          at: time)
      }
    }
  }
}
