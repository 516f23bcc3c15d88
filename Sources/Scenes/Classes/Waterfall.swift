import Foundation

/// Water falling between rocks into a pool; the broader, the louder and deeper.
struct Waterfall: Scene {
  private static let tints = [Tint("grey", 0x6E7680), Tint("brown", 0x7A5A42), Tint("green", 0x4B7A4A)]

  let caption: String
  private let palette: Palette
  private let rocks: Tint
  private let wide: Bool
  private let fast: Bool
  private let streaks: [Float]
  private let mist: [Point]

  init(random: inout RandomSource, seconds: Double) {
    palette = random.choice(Palette.skies)
    rocks = random.choice(Self.tints)
    wide = random.unit() < 0.5
    fast = random.unit() < 0.5
    var draw = random.fork(14)
    streaks = (0..<(Self.columns * Self.rows)).map { _ in draw.unit() }
    mist = (0..<12).map { _ in Point(draw.uniform(-1...1), draw.unit()) }
    var words = Narrator(&random)
    let (width, pace) = (words.maybe(wide ? "wide" : "narrow"), words.maybe(fast ? "fast" : "slow"))
    let (color, place) = (words.maybe(rocks.name), words.maybe(palette))
    let between = Caption.phrase("between", color, "rocks")
    let water = Caption.phrase("", pace, "water")
    caption = words.say(
      [
        "a \(width) waterfall \(between) \(place), \(water)",
        "\(pace) water falling over \(color) rocks, a \(width) waterfall \(place)",
        "a \(Caption.both(pace, width)) waterfall pouring over \(color) rocks \(place)",
      ],
      brief: ["a waterfall", "water falling over rocks", "a \(wide ? "wide" : "narrow") waterfall"])
  }

  var attributes: [String: String] {
    [
      "background": palette.name, "color": rocks.name, "size": wide ? "wide" : "narrow",
      "speed": fast ? "fast" : "slow",
    ]
  }

  private static let columns = 16
  private static let rows = 16
  private var half: Float { wide ? 0.3 : 0.13 }
  private static let top: Float = 0.2
  private static let pool: Float = 0.8

  func paintBackdrop(on canvas: Canvas) {
    canvas.paintSky(palette)
    let rock = rocks.color.mixed(with: palette.top, 0.22)
    let cliff = Gradient(rock.lighter(0.18), rock.darker(0.5), from: 0.1, to: 0.85)
    canvas.ground(cliff) { x in
      Self.top - 0.03 - 0.1 * smoothstep(half * 0.6, half + 0.3, abs(x - 0.5)) + 0.02 * sin(x * 21)
    }
    // Ledges catch the light.
    for index in 0..<14 {
      let side: Float = index % 2 == 0 ? -1 : 1
      let level = Float(index / 2)
      let x = 0.5 + side * (half + 0.1 + 0.055 * Float((index * 7) % 5))
      let y = 0.22 + 0.085 * level
      canvas.box(
        Point(x, y), half: Point(0.1, 0.045), corner: 0.03,
        Gradient(rock.lighter(0.3), rock.darker(0.25), from: y - 0.045, to: y + 0.045), opacity: 0.75)
    }
    let water = Color(hex: 0x2E86B8).mixed(with: palette.top, 0.35)
    canvas.ground(Gradient(water.lighter(0.25), water.darker(0.4), from: Self.pool, to: 1)) { _ in Self.pool }
  }

  func paint(at moment: Moment, on canvas: Canvas) {
    let time = moment.seconds
    paintWater(time * (fast ? 1.25 : 0.6), on: canvas)
    for (index, puff) in mist.enumerated() {
      let turn = puff.y + time * (0.9 + 0.05 * Float(index))
      let rise = turn - turn.rounded(.down)
      let center = Point(0.5 + puff.x * (half + 0.05) * (1 + 0.3 * rise), Self.pool - 0.1 * rise + 0.02)
      canvas.disc(center, 0.05 + 0.05 * rise, .white, opacity: 0.6 * (1 - rise), blur: 0.06)
    }
    for ring in 0..<3 {
      let turn = time * 0.8 + Float(ring) / 3
      let spread = turn - turn.rounded(.down)
      canvas.ellipse(
        Point(0.5, Self.pool + 0.06), Point(half + 0.05 + 0.25 * spread, 0.025 + 0.08 * spread), .white,
        hollow: 0.016,
        opacity: 0.5 * (1 - spread))
    }
  }

  private func paintWater(_ way: Float, on canvas: Canvas) {
    let light = Color(hex: 0xF4FBFF)
    let deep = Color(hex: 0x5CA3CF).mixed(with: palette.top, 0.25)
    let bounds = Bounds(
      left: 0.5 - half - 0.05, top: Self.top - 0.03, right: 0.5 + half + 0.05, bottom: Self.pool + 0.03)
    let columns = Self.columns
    let rows = Self.rows
    // The noise repeats every two units.
    let shift = way - 2 * (way / 2).rounded(.down)
    streaks.withUnsafeBufferPointer { streaks in
      /// Smooth along the fall; each column is shifted by its own amount so that no rows show.
      func sample(_ column: Int, _ down: Float) -> Float {
        let start = column % columns * rows
        let place = down + streaks[start] * Float(rows)
        let row = Int(place)
        let a = streaks[start + row % rows]
        let b = streaks[start + (row + 1) % rows]
        return a + (b - a) * (place - Float(row))
      }
      canvas.update(bounds) { x, y, pixel in
        let u = (x - 0.5) / half
        let drop = y - Self.top
        let edge = (1 + 0.1 * drop - abs(u)) * half * canvas.scale
        let lip = (drop + 0.02 + 0.012 * u * u) * canvas.scale
        let coverage = min(max(min(edge, lip) + 0.5, 0), 1)
        guard coverage > 0 else { return }
        // Streaks: noise stretched along the fall, which gathers speed on its way down.
        let across = x * 34 + 64 * Float(columns)
        let down = (max(drop, 0).squareRoot() * 1.1 - shift + 2) * Float(rows) / 2
        let column = Int(across)
        let side = smoothstep(0, 1, across - Float(column))
        let left = sample(column, down)
        let streak = left + (sample(column + 1, down) - left) * side
        let shade = deep.mixed(with: light, 0.1 + 0.9 * streak + 0.25 * max(drop - 0.4, 0))
        pixel += (shade.channels - pixel) * (coverage * 0.94)
      }
    }
  }

  func play(into track: inout Soundtrack) {
    let loud: Float = wide ? 1 : 0.45
    let brightness: Float = fast ? 2600 : 1300
    track.addNoise(.lowPass) { _ in
      brightness * (wide ? 0.8 : 1.3)
    } level: {
      loud * (0.5 + 0.03 * sin($0 * 7))
    }
    track.addNoise(.lowPass) { _ in
      180
    } level: { _ in
      wide ? 1.2 : 0.2
    }
    track.addNoise(.highPass) { _ in
      3500
    } level: { _ in
      (fast ? 0.12 : 0.04) * loud
    }
  }
}
