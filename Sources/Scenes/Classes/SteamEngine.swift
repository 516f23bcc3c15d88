import Foundation

/// A flywheel driven by a piston: two puffs of steam each turn.
struct SteamEngine: Scene {
  private enum Course: String, CaseIterable {
    case even, quickening, slowing
  }

  let caption: String
  private let palette: Palette
  private let tint: Tint
  private let size: Size
  private let speed: Speed
  private let course: Course
  private let seconds: Float
  private let rate: Float
  private let phase: Float

  init(random: inout RandomSource, seconds: Double) {
    palette = random.choice(Palette.rooms)
    tint = Tint.drawn(on: palette, &random)
    size = random.choice(of: Size.self)
    speed = random.choice(of: Speed.self)
    course = random.choice(of: Course.self)
    self.seconds = Float(seconds)
    rate = speed == .slow ? random.uniform(0.55...0.7) : random.uniform(1.2...1.5)
    phase = random.unit()
    var words = Narrator(&random)
    let (size, color) = (words.maybe(size.rawValue), words.maybe(tint.name))
    let (pace, place) = (words.maybe(speed.rawValue), words.maybe(palette))
    let turning = pace.isEmpty ? "" : speed.adverb
    let change = words.maybe(
      ["even": "", "quickening": "getting faster", "slowing": "slowing down"][course.rawValue]!)
    caption = words.say(
      [
        "a \(size) steam engine with a \(color) wheel turning \(turning) \(place), \(change)",
        "a \(color) wheel of a \(size) steam engine turns \(turning) \(place), \(change)",
        "a \(pace) \(size) steam engine puffing \(place), \(Caption.phrase("", color, "wheel")), \(change)",
      ],
      brief: [
        "a steam engine", "a steam engine turning", "a \(speed.rawValue) steam engine",
        "a steam engine with a \(tint.name) wheel",
      ])
  }

  var attributes: [String: String] {
    [
      "background": palette.name, "change": course.rawValue, "color": tint.name, "size": size.rawValue,
      "speed": speed.rawValue,
    ]
  }

  /// Turns of the wheel since the start.
  private func turns(_ time: Float) -> Float {
    let bend: Float =
      switch course {
      case .even: 0
      case .quickening: 0.35
      case .slowing: -0.35
      }
    // The rate runs linearly from (1 − bend) to (1 + bend).
    return phase + rate * time * (1 - bend + bend * time / seconds)
  }

  /// Strength of the puff, two a turn: sudden, then dying away.
  private func puff(_ time: Float) -> Float {
    let part = 2 * turns(time)
    let age = part - part.rounded(.down)
    return smoothstep(0, 0.12, age) * (1 - smoothstep(0.1, 0.85, age))
  }

  private var radius: Float { size == .small ? 0.2 : 0.28 }
  private var hub: Point { Point(0.66, 0.84 - radius) }
  private static let cylinder = Point(0.16, 0.66)

  func paintBackdrop(on canvas: Canvas) {
    canvas.paintRoom(palette, horizon: 0.82)
    canvas.shadow(Point(0.5, 0.91), Point(0.46, 0.045), 0.5)
    let iron = Gradient(Color(hex: 0x4C5563), Color(hex: 0x20242C), from: 0.8, to: 0.93)
    canvas.box(Point(0.5, 0.88), half: Point(0.47, 0.045), corner: 0.01, iron)
    canvas.polygon(
      [hub + Point(-0.03, 0), hub + Point(0.03, 0), Point(hub.x + 0.1, 0.88), Point(hub.x - 0.1, 0.88)],
      Color(hex: 0x39404C))
    let copper = Gradient(Color(hex: 0xE0A070), Color(hex: 0x7A4526), from: 0.56, to: 0.84)
    canvas.box(
      Point(0.12, 0.44), half: Point(0.045, 0.16), corner: 0.01,
      Gradient(Color(hex: 0x6C7686), Color(hex: 0x333A45), from: 0.28, to: 0.6))
    canvas.box(Point(0.12, 0.29), half: Point(0.065, 0.025), corner: 0.01, Color(hex: 0x7E8898))
    canvas.box(Self.cylinder + Point(0, 0.04), half: Point(0.13, 0.12), corner: 0.03, copper)
  }

  func paint(at moment: Moment, on canvas: Canvas) {
    let time = moment.seconds
    let turn = turns(time)
    let angle = 2 * .pi * turn
    paintSteam(turn, puff(time), on: canvas)
    paintWheel(angle, on: canvas)
    let crank = hub + Point(cos(angle), sin(angle)) * radius * 0.55
    let piston = Point(0.36 + 0.5 * (crank.x - hub.x), Self.cylinder.y + 0.04)
    canvas.capsule(Self.cylinder + Point(0.1, 0.04), piston, 0.026, Color(hex: 0xC8D0DA))
    canvas.capsule(piston, crank, 0.03, Color(hex: 0xAEB8C6))
    canvas.disc(piston, 0.04, Color(hex: 0x5C6674))
    canvas.disc(crank, 0.045, Color(hex: 0xF0E2B0))
  }

  private func paintWheel(_ angle: Float, on canvas: Canvas) {
    let color = tint.color
    for spoke in 0..<3 {
      let a = angle + Float(spoke) * .pi / 3
      let arm = Point(cos(a), sin(a)) * radius
      canvas.capsule(hub - arm, hub + arm, 0.022, color.darker(0.25))
    }
    canvas.ring(hub, radius, width: 0.075, color.darker(0.3))
    canvas.ring(
      hub, radius, width: 0.045,
      Gradient(color.lighter(0.3), color.darker(0.1), from: hub.y - radius, to: hub.y + radius))
    canvas.disc(hub, 0.05, color.lighter(0.2))
  }

  private func paintSteam(_ turn: Float, _ puff: Float, on canvas: Canvas) {
    let part = 2 * turn
    let fresh = part - part.rounded(.down)
    for cloud in 0..<4 {
      let age = fresh + Float(cloud)
      let rest = max(1 - age / 3.2, 0)
      let sway = 0.04 * sin((part.rounded(.down) - Float(cloud)) * 2.4)
      let center = Point(0.12 + 0.045 * age + sway, 0.24 - 0.08 * age)
      canvas.disc(center, 0.05 + 0.035 * age, Color(hex: 0xF6F4F0), opacity: 0.85 * rest, blur: 0.05)
    }
    canvas.glow(Point(0.12, 0.26), 0.22, Color(hex: 0xFFE3B0), 0.7 * puff)
  }

  func play(into track: inout Soundtrack) {
    let deep: Float = size == .small ? 1.7 : 1
    let loud: Float = size == .small ? 0.6 : 1
    track.addNoise(.bandPass, quality: 0.8) { _ in
      520 * deep
    } level: {
      loud * (0.03 + 1.1 * puff($0))
    }
    track.addNoise(.highPass) { _ in
      3000
    } level: {
      loud * 0.14 * puff($0)
    }
    // The hum of the wheel follows its speed.
    let step: Float = 0.05
    track.addTone(lasting: Float(track.seconds), harmonics: [1, 0.6, 0.4]) {
      60 * deep + 40 * (turns($0 + step) - turns($0)) / step
    } level: {
      0.16 * loud * min(1, $0 / 0.02)
    }
  }
}
