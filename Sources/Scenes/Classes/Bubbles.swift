import Foundation

/// Bubbles rise through a liquid and pop at its surface; small ones sing higher.
struct Bubbles: Scene {
  private static let tints = [
    Tint("blue", 0x2F7FE0), Tint("green", 0x2BA866), Tint("purple", 0x8B55D6), Tint("pink", 0xE0649A),
    Tint("orange", 0xE8852A),
  ]

  let caption: String
  private let palette: Palette
  private let tint: Tint
  private let size: Size
  private let many: Bool
  private let pops: Strikes
  private let places: [Float]
  private let radii: [Float]

  init(random: inout RandomSource, seconds: Double) {
    palette = random.choice(Palette.rooms)
    tint = random.choice(Self.tints)
    let size = random.choice(of: Size.self)
    self.size = size
    let many = random.unit() < 0.5
    self.many = many
    pops = Strikes(seconds: seconds, random: &random) {
      many ? $0.uniform(0.34...0.56) : $0.uniform(0.7...1.15)
    }
    var draw = random.fork(15)
    var place: Float = 0.5
    var places: [Float] = []
    for _ in pops.times {
      // Neighbours in time keep apart in space.
      place += draw.uniform(0.27...0.53)
      place -= place.rounded(.down)
      places.append(0.15 + 0.7 * place)
    }
    self.places = places
    radii = pops.times.map { _ in (size == .small ? 0.085 : 0.125) * draw.uniform(0.92...1.12) }
    var words = Narrator(&random)
    let (number, girth) = (words.maybe(many ? "many" : "a few"), words.maybe(size.rawValue))
    let (color, room) = (words.maybe(tint.name), words.maybe(palette))
    let water = Caption.phrase("in", color, "water")
    caption = words.say(
      [
        "\(number) \(girth) bubbles rising and popping \(water) \(room)",
        "\(number) \(girth) bubbles popping \(water) \(room)",
        "\(color) water \(room) where \(number) \(girth) bubbles pop",
        "bubbles popping \(water), \(Caption.both(number, girth)), \(room)",
      ],
      brief: [
        "bubbles rising and popping", "bubbles popping", "bubbles in \(tint.name) water",
        "\(size.rawValue) bubbles popping",
      ])
  }

  var attributes: [String: String] {
    ["background": palette.name, "color": tint.name, "number": many ? "many" : "few", "size": size.rawValue]
  }

  var events: [SceneEvent] { pops.events { _ in "pop" } }

  private static let surface: Float = 0.3

  func paintBackdrop(on canvas: Canvas) {
    canvas.paintRoom(palette, horizon: 0.7)
    let liquid = Gradient(tint.color.lighter(0.12), tint.color.darker(0.6), from: Self.surface, to: 1)
    canvas.ground(liquid) { _ in Self.surface }
    for ray: Float in [0.2, 0.5, 0.8] {
      canvas.polygon(
        [Point(ray - 0.04, 0.3), Point(ray + 0.05, 0.3), Point(ray - 0.02, 1.05), Point(ray - 0.2, 1.05)],
        .white, opacity: 0.07, blur: 0.03)
    }
  }

  func paint(at moment: Moment, on canvas: Canvas) {
    var band = canvas.visible
    band.top = Self.surface - 0.05
    band.bottom = Self.surface + 0.05
    let time = moment.seconds
    canvas.fill(band, tint.color.lighter(0.55)) { x, y in
      abs(y - Self.surface - 0.008 * sin(x * 16 + time * 3)) - 0.011
    }
    for index in pops.times.indices {
      let rest = Float(pops.times[index]) - time
      if let age = moment.age(of: pops.times[index]) {
        if age < 0.32 { paintPop(index, 1 - age / 0.32, on: canvas) }
      } else if rest < 1.8 {
        let x = places[index] + 0.02 * sin(rest * 6 + Float(index))
        paintBubble(Point(x, Self.surface + 0.45 * rest), radii[index], on: canvas)
      }
    }
  }

  private func paintBubble(_ center: Point, _ radius: Float, on canvas: Canvas) {
    canvas.disc(center, radius, tint.color.lighter(0.4), opacity: 0.4)
    canvas.ring(center, radius * 0.9, width: max(0.2 * radius, 0.02), tint.color.lighter(0.72), opacity: 0.95)
    canvas.disc(center + Point(-0.34, -0.36) * radius, radius * 0.24, .white, opacity: 0.95)
  }

  private func paintPop(_ index: Int, _ rest: Float, on canvas: Canvas) {
    let center = Point(places[index], Self.surface)
    let spread = 1 - rest
    let light = Color(hex: 0xFFFDF2)
    canvas.glow(center, 0.3, light, 0.6 * rest)
    canvas.ellipse(
      center, Point(radii[index] * (1 + 0.8 * spread), 0.05 + 0.03 * spread), light, hollow: 0.03,
      opacity: rest)
    for side: Float in [-1, -0.35, 0.35, 1] {
      let hop = Point(
        side * (0.06 + 0.16 * spread), -(0.08 + 0.2 * spread) * (1.25 - abs(side)) + 0.14 * spread * spread)
      canvas.disc(center + hop, 0.024, light, opacity: rest)
    }
  }

  func play(into track: inout Soundtrack) {
    for index in pops.heard {
      let base = 42 / radii[index] * (size == .small ? 1.3 : 0.9)
      track.addTone(at: pops.times[index], lasting: 0.16) {
        base * (1 + 12 * $0)
      } level: {
        0.9 * exp(-$0 / 0.035) * min(1, $0 / 0.002)
      }
      track.add(
        Impact(noise: [NoiseBurst(frequency: 2400, amplitude: 0.5, decay: 0.006)]), at: pops.times[index])
    }
    // The liquid murmurs.
    track.addNoise(.lowPass) { _ in
      220
    } level: { _ in
      0.05
    }
  }
}
