import Foundation

/// Gusts that bend grass or a tree and drive leaves along.
struct Wind: Scene {
  private struct Leaf {
    var x: Float
    var y: Float
    var speed: Float
  }

  private static let leafTints = [
    Tint("red", 0xE5383B), Tint("orange", 0xF8961E), Tint("yellow", 0xFFD60A), Tint("green", 0x5CBF4A),
  ]

  let caption: String
  private let palette: Palette
  private let tint: Tint
  private let isTree: Bool
  private let strong: Bool
  private let leaves: [Leaf]
  private let rates: [Float]
  private let phases: [Float]

  init(random: inout RandomSource, seconds: Double) {
    palette = random.choice(Palette.skies)
    tint = Tint.drawn(on: palette, from: Self.leafTints, &random)
    isTree = random.unit() < 0.5
    strong = random.unit() < 0.5
    rates = (0..<3).map { random.uniform(1.1...1.9) * (1 + 0.7 * Float($0)) }
    phases = (0..<3).map { _ in random.uniform(0...6.28) }
    var draw = random.fork(13)
    leaves = (0..<7).map { _ in
      Leaf(x: draw.unit(), y: draw.uniform(0.15...0.75), speed: draw.uniform(0.8...1.2))
    }
    var words = Narrator(&random)
    let strength = words.maybe(strong ? "a strong wind" : "a gentle breeze")
    let wind = strength.isEmpty ? "wind" : strength
    let what = isTree ? "a tree" : "tall grass"
    let (color, place) = (words.maybe(tint.name), words.maybe(palette))
    let leaves = Caption.phrase("", color, "leaves")
    caption = words.say(
      [
        "\(wind) bending \(what) \(place), \(Caption.phrase("", leaves, "flying"))",
        "\(wind) blowing through \(what) \(place), \(leaves)",
        "\(color) leaves fly in \(wind) over \(what) \(place)",
        "\(what) moves in \(wind) \(place) \(Caption.phrase("with", leaves))",
      ],
      brief: [
        "wind blowing", "wind blowing through \(what)", "\(what) moves in the wind",
        strong ? "a strong wind" : "a gentle breeze",
      ])
  }

  var attributes: [String: String] {
    [
      "background": palette.name, "color": tint.name, "intensity": strong ? "strong" : "gentle",
      "plant": isTree ? "tree" : "grass",
    ]
  }

  /// Strength of the gust, 0…1 for a strong wind.
  private func gust(_ time: Float) -> Float {
    let sum =
      sin(rates[0] * time + phases[0]) + 0.6 * sin(rates[1] * time + phases[1])
      + 0.35 * sin(rates[2] * time + phases[2])
    return (0.08 + 0.92 * smoothstep(-1.3, 1.5, sum)) * (strong ? 1 : 0.4)
  }

  /// Way the air has gone: the integral of a speed that follows the gusts, without their soft limits.
  private func way(_ time: Float) -> Float {
    var sum = 0.55 * time
    for (index, weight) in [0.25, 0.15, 0.09].enumerated() as EnumeratedSequence<[Float]> {
      sum -= weight / rates[index] * cos(rates[index] * time + phases[index])
    }
    return 0.2 * time + (strong ? 1.1 : 0.44) * sum
  }

  func paintBackdrop(on canvas: Canvas) {
    canvas.paintSky(palette)
    canvas.glow(Point(0.2, 0.2), 0.4, palette.light, 0.5)
    let hill = palette.floor.mixed(with: palette.bottom, 0.35)
    canvas.ground(Gradient(hill.lighter(0.1), hill, from: 0.62, to: 0.9)) { 0.72 - 0.07 * sin($0 * 4 + 0.6) }
    canvas.ground(Gradient(palette.floor.lighter(0.08), palette.floor.darker(0.3), from: 0.8, to: 1)) {
      0.86 + 0.02 * sin($0 * 6)
    }
  }

  func paint(at moment: Moment, on canvas: Canvas) {
    let time = moment.seconds
    let gust = gust(time)
    for cloud in 0..<2 {
      let path = 0.3 + 0.55 * Float(cloud) + 0.12 * way(time)
      let x = -0.3 + 1.6 * (path / 1.6 - (path / 1.6).rounded(.down))
      let y = 0.16 + 0.1 * Float(cloud)
      for part: Float in [-1, 0, 1] {
        canvas.disc(
          Point(x + 0.08 * part, y - 0.02 * (1 - abs(part))), 0.075 - 0.015 * abs(part), palette.light,
          opacity: 0.4, blur: 0.05)
      }
    }
    if isTree { paintTree(gust, time, on: canvas) } else { paintGrass(gust, time, on: canvas) }
    let way = way(time)
    for leaf in leaves.prefix(strong ? 7 : 4) {
      let path = leaf.x + way * leaf.speed * 0.7
      let x =
        canvas.visible.left - 0.1
        + (path - path.rounded(.down)) * (canvas.visible.right - canvas.visible.left + 0.2)
      let y = leaf.y + 0.05 * sin(path * 9)
      let heading = Point(cos(path * 11), sin(path * 11)) * 0.045
      for end: Float in [-1, 1] {
        canvas.capsule(Point(x, y), Point(x, y) + heading * end, 0.024, endRadius: 0.004, tint.color)
      }
    }
  }

  private func paintGrass(_ gust: Float, _ time: Float, on canvas: Canvas) {
    for blade in -8..<26 {
      let x = 0.02 + 0.062 * Float(blade)
      let wave = 0.03 * (0.3 + gust) * sin(time * 9 - x * 14)
      let root = Point(x, 1.02)
      let bend = 0.34 * gust + wave
      let height = 0.34 + 0.08 * sin(Float(blade) * 2.7)
      let middle = root + Point(bend * 0.3, -height * 0.55)
      let tip = root + Point(bend, -height * (1 - 0.5 * gust * gust))
      let green = Color(hex: blade % 2 == 0 ? 0x7FBF4D : 0x4E9A43).mixed(with: palette.top, 0.2)
      let blades = Gradient(green.lighter(0.15), green.darker(0.35), from: 0.66, to: 1)
      canvas.capsule(root, middle, 0.03, endRadius: 0.024, blades)
      canvas.capsule(middle, tip, 0.024, endRadius: 0.007, blades)
    }
  }

  private func paintTree(_ gust: Float, _ time: Float, on canvas: Canvas) {
    let shake = 0.025 * (0.3 + gust) * sin(time * 8)
    let bend = 0.26 * gust + shake
    let root = Point(0.36, 0.92)
    let fork = root + Point(bend * 0.35, -0.36)
    canvas.shadow(root + Point(0.06, 0.01), Point(0.2, 0.03), 0.4)
    let bark = Color(hex: 0x5A3A22)
    canvas.capsule(root, fork, 0.05, endRadius: 0.032, bark)
    let crown = tint.color.mixed(with: Color(hex: 0x1E3A1E), 0.25)
    let parts: [(Point, Float)] = [
      (Point(-0.16, -0.06), 0.13), (Point(0.17, -0.05), 0.13), (Point(0, -0.03), 0.15),
      (Point(-0.09, -0.18), 0.14),
      (Point(0.1, -0.18), 0.14), (Point(0.01, -0.27), 0.11),
    ]
    for pass in 0..<2 {
      for (index, part) in parts.enumerated() {
        let sway = Point(
          bend * (0.6 - part.0.y * 2) + 0.012 * gust * sin(time * 13 + Float(index) * 2), 0.25 * bend * bend)
        let center = fork + part.0 + sway
        if pass == 0 {
          canvas.disc(center + Point(0.015, 0.03), part.1, crown.darker(0.3))
        } else {
          canvas.disc(
            center - Point(0.012, 0.012), part.1 * 0.86, crown.lighter(0.06 + 0.03 * Float(index)),
            opacity: 0.8, blur: 0.04)
        }
      }
    }
  }

  func play(into track: inout Soundtrack) {
    track.addNoise(.bandPass, quality: 1.6) {
      280 + 900 * gust($0)
    } level: {
      0.06 + 1.5 * gust($0) * gust($0)
    }
    track.addNoise(.lowPass) { _ in
      220
    } level: {
      0.2 + 0.9 * gust($0)
    }
    // Leaves and blades rustle.
    track.addNoise(.highPass) { _ in
      3600
    } level: {
      0.2 * gust($0) * gust($0)
    }
  }
}
