import Foundation

/// Waves running up a beach; each swell is seen as foam and heard as a rush.
struct Waves: Scene {
  private static let tints = [Tint("blue", 0x2F7FD0), Tint("green", 0x2E9E84), Tint("purple", 0x6A62C4)]

  let caption: String
  private let palette: Palette
  private let tint: Tint
  private let size: Size
  private let swells: Strikes

  init(random: inout RandomSource, seconds: Double) {
    palette = random.choice(Palette.skies)
    tint = random.choice(Self.tints)
    size = random.choice(of: Size.self)
    let speed = random.choice(of: Speed.self)
    let period = speed == .slow ? random.uniform(1.9...2.4) : random.uniform(1.0...1.3)
    swells = Strikes(seconds: seconds, random: &random) { $0.uniform(0.8...1.25) * period }
    attributes = [
      "background": palette.name, "color": tint.name, "size": size.rawValue, "speed": speed.rawValue,
    ]
    var words = Narrator(&random)
    let (tall, color) = (words.maybe(size.rawValue), words.maybe(tint.name))
    let (pace, place) = (words.maybe(speed.rawValue), words.maybe(palette))
    let breaking = pace.isEmpty ? "" : speed.adverb
    caption = words.say(
      [
        "\(tall) \(color) waves breaking \(breaking) on a beach \(place)",
        "\(tall) \(color) waves roll \(breaking) onto the sand \(place)",
        "ocean waves, \(Caption.both(tall, pace)), on the shore of a \(color) sea \(place)",
        "the \(color) sea \(place) with \(tall) waves breaking \(breaking)",
      ],
      brief: [
        "waves breaking on a beach", "ocean waves", "waves on the shore", "the sea", "\(size.rawValue) waves",
      ])
  }

  let attributes: [String: String]

  /// Height of the present swell, 0…1: it rises quickly and runs out slowly.
  private func level(_ time: Float) -> Float {
    var sum: Float = 0
    for swell in swells.times {
      let age = time - Float(swell)
      sum += age < 0 ? exp(-age * age / 0.09) : exp(-age / 0.5)
    }
    return min(sum, 1)
  }

  func paintBackdrop(on canvas: Canvas) {
    canvas.paintSky(palette, horizon: 0.5)
    let sun = Point(0.72, 0.22)
    canvas.glow(sun, 0.4, palette.light, 0.7)
    canvas.disc(sun, 0.085, palette.light)
    canvas.ground(Gradient(sea.mixed(with: palette.bottom, 0.4), sea, from: 0.44, to: 0.7)) { _ in 0.44 }
  }

  private var sea: Color { tint.color.mixed(with: palette.top, palette.name == "night" ? 0.5 : 0.2) }

  func paint(at moment: Moment, on canvas: Canvas) {
    let time = moment.seconds
    let level = level(time)
    let height: Float = size == .small ? 0.09 : 0.22
    for row in 0..<2 {
      let y = 0.5 + 0.05 * Float(row)
      let phase = time * (1.2 + 0.4 * Float(row)) + Float(row) * 2
      canvas.ground(sea.lighter(0.1 - 0.08 * Float(row))) { y + 0.012 * sin($0 * 17 + phase) }
    }
    // The breaker lifts as the swell comes in, with foam on its back.
    let crest = 0.68 - height * level
    let face = Gradient(sea.lighter(0.3), sea.darker(0.35), from: crest, to: 0.85)
    let white = Color.white.mixed(with: palette.bottom, palette.name == "day" ? 0.05 : 0.22)
    let foam = Gradient(white, sea.lighter(0.45), from: crest - 0.04 * level, to: crest + 0.06)
    canvas.ground(foam, opacity: 0.4 + 0.6 * level, blur: 0.02) {
      crest - 0.01 - 0.035 * level + 0.02 * sin($0 * 11 - time * 2) + 0.012 * sin($0 * 37 + time * 5)
    }
    canvas.ground(face) { crest + 0.03 * level + 0.02 * sin($0 * 11 - time * 2) }
    // Foam washes up the sand and back.
    let shore = 0.93 - 0.07 * level
    let sand = Color(hex: 0xD9B882).mixed(with: palette.top, palette.name == "day" ? 0.05 : 0.35)
    canvas.ground(white, opacity: 0.5 + 0.5 * level, blur: 0.015) {
      0.83 - 0.05 * level + 0.02 * sin($0 * 8 + time) + 0.01 * sin($0 * 29 - time * 3)
    }
    canvas.ground(Gradient(sand.darker(0.3), sand, from: 0.85, to: 0.97)) {
      1.74 - shore + 0.012 * sin($0 * 9 + 1)
    }
  }

  func play(into track: inout Soundtrack) {
    let loud: Float = size == .small ? 0.35 : 1
    track.addNoise(.lowPass) {
      350 + 2600 * level($0)
    } level: {
      loud * (0.04 + 0.75 * level($0) * level($0))
    }
    track.addNoise(.highPass) { _ in
      3000
    } level: {
      0.16 * loud * level($0) * level($0)
    }
    track.addNoise(.lowPass) { _ in
      160
    } level: {
      loud * (0.3 + 0.7 * level($0))
    }
  }
}
