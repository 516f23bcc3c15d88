import Foundation

/// A fire; every crackle throws a spark.
struct Fire: Scene {
  private static let tints = [Tint("orange", 0xFF8A1E), Tint("blue", 0x3E8BFF), Tint("green", 0x3FD26A)]

  private struct Flame {
    var x: Float
    var phase: Float
    var rate: Float
  }

  private struct Crackle {
    var time: Double
    var strength: Float
    var direction: Float
  }

  let caption: String
  private let palette: Palette
  private let tint: Tint
  private let size: Size
  private let flames: [Flame]
  private let crackles: [Crackle]

  init(random: inout RandomSource, seconds: Double) {
    palette = random.choice([.night, .dusk, .cloudy])
    tint = random.choice(Self.tints)
    size = random.choice(of: Size.self)
    var draw = random.fork(12)
    flames = (0..<18).map { _ in
      Flame(x: draw.uniform(-1...1), phase: draw.unit(), rate: draw.uniform(1.3...2.1))
    }
    var crackles: [Crackle] = []
    var time = 0.0
    while time < seconds {
      time += draw.uniform(size == .small ? 0.12...0.6 : 0.06...0.3)
      crackles.append(
        Crackle(time: time, strength: draw.uniform(0.3...1), direction: draw.uniform(-1...1)))
    }
    self.crackles = crackles
    var words = Narrator(&random)
    let (size, color, place) = (words.maybe(size.rawValue), words.maybe(tint.name), words.maybe(palette))
    caption = words.say(
      [
        "a \(size) campfire \(Caption.phrase("with", color, "flames")) crackling \(place)",
        "a \(size) fire burning \(place), \(Caption.phrase("", color, "flames"))",
        "a \(color) fire crackling \(place), \(Caption.phrase("", size, "flames"))",
        "\(color) flames of a \(size) fire crackle \(place)",
      ],
      brief: [
        "a crackling campfire", "a campfire", "a fire burning", "a \(tint.name) fire", "a crackling fire",
      ])
  }

  var attributes: [String: String] {
    ["background": palette.name, "color": tint.name, "size": size.rawValue]
  }

  private var scale: Float { size == .small ? 0.62 : 1.05 }
  private static let base = Point(0.5, 0.82)

  func paintBackdrop(on canvas: Canvas) {
    canvas.paintSky(palette, horizon: 0.8)
    canvas.fill(canvas.visible, Color(hex: 0x090A14), opacity: 0.45) { _, _ in -1 }
    let ground = palette.floor.darker(0.25)
    canvas.ground(Gradient(ground.lighter(0.08), ground.darker(0.4), from: 0.78, to: 1)) {
      0.79 - 0.015 * sin($0 * 7)
    }
  }

  func paint(at moment: Moment, on canvas: Canvas) {
    let time = moment.seconds
    let flicker = 0.85 + 0.1 * sin(time * 11) + 0.05 * sin(time * 23 + 1)
    canvas.glow(Self.base - Point(0, 0.2 * scale), 0.85 * scale, tint.color, 0.55 * flicker)
    canvas.ellipse(
      Self.base + Point(0, 0.04), Point(0.42, 0.07) * scale, tint.color, opacity: 0.4 * flicker, blur: 0.08)
    let wood = Color(hex: 0x4A2C18)
    canvas.capsule(
      Self.base + Point(-0.24, 0.05) * scale, Self.base + Point(0.2, -0.02) * scale, 0.05 * scale, wood)
    canvas.capsule(
      Self.base + Point(0.24, 0.05) * scale, Self.base + Point(-0.2, -0.02) * scale, 0.05 * scale,
      wood.lighter(0.08))
    let core = tint.color.mixed(with: Color(hex: 0xFFF3B0), 0.75)
    let layers: [(color: Color, width: Float, height: Float)] = [
      (tint.color.mixed(with: Color(hex: 0x8A1020), tint.name == "orange" ? 0.55 : 0.15), 1, 1),
      (tint.color, 0.78, 0.8), (tint.color.mixed(with: core, 0.6), 0.55, 0.58), (core, 0.36, 0.38),
    ]
    for layer in layers { paintFlames(layer.color, layer.width, layer.height, time, on: canvas) }
    paintSparks(moment, on: canvas)
  }

  private func paintFlames(_ color: Color, _ width: Float, _ height: Float, _ time: Float, on canvas: Canvas)
  {
    for flame in flames {
      let turn = flame.phase + flame.rate * time
      let rise = turn - turn.rounded(.down)
      let sway = 0.04 * sin(time * 5 + flame.phase * 20) * rise
      let x = flame.x * 0.17 * width * (1 - 0.75 * rise) + sway
      let center = Self.base + Point(x, -0.03 - 0.62 * height * rise) * scale
      let radius = 0.125 * width * (1 - rise).squareRoot() * scale
      canvas.disc(center, radius, color, opacity: 0.85, blur: 0.035)
    }
  }

  private func paintSparks(_ moment: Moment, on canvas: Canvas) {
    for crackle in crackles {
      guard let age = moment.age(of: crackle.time), age < 0.5 else { continue }
      let path = Point(crackle.direction * (0.1 + 0.6 * age), -0.2 - 1.1 * age + 0.9 * age * age)
      let spark = Self.base + path * scale
      let rest = 1 - age / 0.5
      canvas.glow(spark, 0.09, tint.color, rest * crackle.strength)
      canvas.disc(spark, 0.012 + 0.012 * crackle.strength, core, opacity: rest)
      if age < 0.1 { canvas.glow(Self.base, 0.4 * scale, core, 0.35 * crackle.strength) }
    }
  }

  private var core: Color { tint.color.mixed(with: Color(hex: 0xFFF8D0), 0.8) }

  func play(into track: inout Soundtrack) {
    let loud: Float = size == .small ? 0.4 : 1
    let flicker: (Float) -> Float = { 0.8 + 0.12 * sin($0 * 11) + 0.08 * sin($0 * 23 + 1) }
    track.addNoise(.lowPass) { _ in
      260
    } level: {
      0.75 * loud * flicker($0)
    }
    track.addNoise(.bandPass, quality: 0.5) { _ in
      1500
    } level: {
      0.09 * loud * flicker($0)
    }
    for crackle in crackles where crackle.time < track.seconds {
      let snap = NoiseBurst(
        kind: .highPass, frequency: 1400 + 1500 * crackle.strength, amplitude: 0.9 * crackle.strength,
        decay: 0.004 + 0.007 * crackle.strength)
      track.add(Impact(noise: [snap]), at: crackle.time, gain: 0.45 + 0.55 * loud)
    }
  }
}
