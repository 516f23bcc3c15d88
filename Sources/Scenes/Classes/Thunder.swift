import Foundation

/// Lightning over a dark land; flash and crack come together.
struct Thunder: Scene {
  private enum Land: String, CaseIterable {
    case hills, town, sea
  }

  private static let tints = [Tint("white", 0xF4F6FF), Tint("purple", 0xC79BFF), Tint("blue", 0x8FC2FF)]

  let caption: String
  private let palette: Palette
  private let tint: Tint
  private let land: Land
  private let near: Bool
  private let strikes: Strikes
  private let bolts: [[Point]]

  init(random: inout RandomSource, seconds: Double) {
    palette = random.choice([.night, .dusk, .cloudy])
    tint = random.choice(Self.tints)
    land = random.choice(of: Land.self)
    near = random.unit() < 0.5
    let often = random.unit() < 0.5
    let period = often ? random.uniform(0.8...1.0) : random.uniform(1.4...1.7)
    strikes = Strikes(seconds: seconds, random: &random) { $0.uniform(0.85...1.25) * period }
    var draw = random.fork(11)
    bolts = strikes.times.map { _ in
      var point = Point(draw.uniform(0.25...0.75), 0.2)
      var bolt = [point]
      for _ in 0..<8 {
        point += Point(draw.uniform(-0.085...0.085), draw.uniform(0.05...0.085))
        bolt.append(point)
      }
      return bolt
    }
    var words = Narrator(&random)
    let (distance, color) = (words.maybe(near ? "close" : "distant"), words.maybe(tint.name))
    let land = ["hills": "the hills", "town": "a town", "sea": "the sea"][land.rawValue]!
    let (over, place) = (Caption.phrase("over", words.maybe(land)), words.maybe(palette))
    caption = words.say(
      [
        "\(distance) thunder and \(color) lightning \(over) \(place)",
        "\(color) lightning flashes \(over) \(place), \(distance) thunder",
        "a \(distance) storm with \(color) lightning and thunder \(over) \(place)",
        "a thunder storm \(place), \(distance) \(color) lightning \(over)",
      ], brief: ["thunder and lightning", "a thunder storm", "lightning over \(land)", "thunder"])
  }

  var attributes: [String: String] {
    [
      "background": palette.name, "color": tint.name, "distance": near ? "close" : "distant",
      "land": land.rawValue,
    ]
  }

  var events: [SceneEvent] { strikes.events { _ in "flash" } }

  func paintBackdrop(on canvas: Canvas) {
    canvas.paintSky(palette)
    // A storm takes most of the light.
    canvas.fill(canvas.visible, Color(hex: 0x0B0E1C), opacity: 0.6) { _, _ in -1 }
  }

  func paint(at moment: Moment, on canvas: Canvas) {
    let beat = strikes.beat(at: moment)
    let flash = beat.flash(near ? 0.42 : 0.36) * (near ? 1 : 0.6)
    canvas.fill(canvas.visible, tint.color, opacity: 0.62 * flash) { _, _ in -1 }
    let bolt = bolts[beat.index]
    if flash > 0 {
      canvas.glow(bolt[3], 0.6, tint.color, 0.7 * flash)
      let thickness: Float = near ? 0.019 : 0.013
      let halo = tint.color.lighter(0.3)
      // It thins rather than fades: overlapping joints of a translucent line would show.
      for (width, paint) in [(1.9 * thickness, halo), (thickness, Color.white)] {
        for (index, (from, to)) in zip(bolt, bolt.dropFirst()).enumerated() {
          let taper = 1 - 0.6 * Float(index) / Float(bolt.count)
          canvas.capsule(from, to, width * taper * flash.squareRoot(), paint)
        }
      }
    }
    let lit = Color(hex: 0x242A3C).mixed(with: palette.top, 0.3).mixed(with: tint.color, 0.5 * flash)
    for index in -3..<10 {
      let x = -0.12 + 0.2 * Float(index) + 0.01 * moment.seconds
      let radius = Point(0.19, 0.12 + 0.03 * Float((index * 5 + 15) % 3))
      canvas.ellipse(Point(x, 0.1), radius, Gradient(lit.darker(0.35), lit.lighter(0.06), from: 0, to: 0.24))
    }
    paintLand(flash, on: canvas)
  }

  private func paintLand(_ flash: Float, on canvas: Canvas) {
    let ground = Color(hex: 0x080A12).mixed(with: tint.color, 0.12 * flash)
    switch land {
    case .hills:
      canvas.ground(ground.lighter(0.06)) { 0.78 - 0.07 * sin($0 * 6 + 1) }
      canvas.ground(ground) { 0.87 - 0.06 * sin($0 * 4.4 + 4) }
    case .town:
      for index in -4..<12 {
        let height = 0.1 + 0.14 * abs(sin(Float(index) * 1.7))
        let x = 0.06 + 0.125 * Float(index)
        canvas.box(Point(x, 0.94 - height / 2), half: Point(0.058, height / 2 + 0.06), ground)
        canvas.box(Point(x - 0.02, 0.93 - height), half: Point(0.013, 0.016), Color(hex: 0xFFCF70))
        canvas.box(
          Point(x + 0.02, 0.98 - height), half: Point(0.013, 0.016), Color(hex: 0xFFCF70), opacity: 0.7)
      }
      canvas.ground(ground) { _ in 0.96 }
    case .sea:
      let water = Color(hex: 0x12213A).mixed(with: tint.color, 0.4 * flash)
      canvas.ground(Gradient(water.lighter(0.15), water.darker(0.4), from: 0.78, to: 1)) {
        0.79 + 0.012 * sin($0 * 24)
      }
    }
  }

  func play(into track: inout Soundtrack) {
    let clap =
      near
      ? Impact(noise: [
        NoiseBurst(kind: .highPass, frequency: 1500, amplitude: 0.8, decay: 0.05),
        NoiseBurst(frequency: 500, amplitude: 1.4, decay: 0.16),
        NoiseBurst(kind: .lowPass, frequency: 170, amplitude: 3, decay: 0.32),
      ])
      : Impact(noise: [
        NoiseBurst(frequency: 700, amplitude: 0.6, decay: 0.04),
        NoiseBurst(kind: .lowPass, frequency: 260, amplitude: 1.5, decay: 0.28),
      ])
    for index in strikes.heard { track.add(clap, at: strikes.times[index]) }
  }
}
