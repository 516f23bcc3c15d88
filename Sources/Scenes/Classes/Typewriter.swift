import Foundation

/// A typewriter: a key goes down, a letter appears, the carriage moves on; at the end of a line it rings.
struct Typewriter: Scene {
  let caption: String
  private let palette: Palette
  private let tint: Tint
  private let speed: Speed
  private let strikes: Strikes
  private let lineLength: Int
  private let keys: [Int]

  init(random: inout RandomSource, seconds: Double) {
    palette = random.choice(Palette.rooms)
    tint = Tint.drawn(on: palette, &random)
    let speed = random.choice(of: Speed.self)
    self.speed = speed
    let period = speed == .slow ? random.uniform(0.55...0.7) : random.uniform(0.34...0.38)
    strikes = Strikes(seconds: seconds, random: &random) { $0.uniform(0.92...1.25) * period }
    lineLength = speed == .slow ? 4 : 6
    var draw = random.fork(6)
    keys = strikes.times.indices.map { _ in Int(draw.next() % 6) }
    var words = Narrator(&random)
    let (color, pace, place) = (words.maybe(tint.name), words.maybe(speed.rawValue), words.maybe(palette))
    let typing = pace.isEmpty ? "" : speed.adverb
    caption = words.say(
      [
        "a \(color) typewriter typing \(typing) \(place)",
        "typing \(typing) on a \(color) typewriter \(place)",
        "someone typing on a \(color) typewriter \(typing) \(place)",
        "the keys of a \(color) typewriter \(place), \(Caption.phrase("", pace, "typing"))",
      ],
      brief: [
        "a typewriter", "a typewriter typing", "typing on a typewriter", "a \(tint.name) typewriter",
        "a typewriter typing \(speed.adverb)",
      ])
  }

  var attributes: [String: String] {
    ["background": palette.name, "color": tint.name, "speed": speed.rawValue]
  }

  var events: [SceneEvent] { strikes.events { isReturn($0) ? "return" : "key" } }

  private func isReturn(_ index: Int) -> Bool { index % (lineLength + 1) == lineLength }

  func paintBackdrop(on canvas: Canvas) {
    canvas.paintRoom(palette, horizon: 0.78)
    canvas.shadow(Point(0.5, 0.94), Point(0.44, 0.05), 0.55)
  }

  func paint(at moment: Moment, on canvas: Canvas) {
    let beat = strikes.beat(at: moment)
    let column = beat.index % (lineLength + 1)
    let flash = beat.flash(0.26)
    let step: Float = 0.36 / Float(lineLength)
    // The paper passes under the fixed type basket and jumps back with the bell.
    let settle = smoothstep(0.02, 0.12, beat.age)
    let back = isReturn(beat.index)
    let shift = back ? 0.18 - 0.36 * (1 - settle) : 0.18 - step * (Float(column) + settle)
    paintPaper(shift: shift, letters: back ? 0 : column + 1, step: step, on: canvas)
    paintBody(on: canvas)
    if flash > 0 {
      let hit = Point(0.5, 0.43)
      if back {
        let bell = Point(0.13, 0.46)
        canvas.glow(bell, 0.3, Color(hex: 0xFFE28A), 0.9 * flash)
        canvas.disc(bell, 0.075, Color(hex: 0xFFF4C8), opacity: flash)
      } else {
        canvas.capsule(Point(0.5, 0.62), hit + Point(0, 0.02), 0.02, Color(hex: 0xE6EBF0), opacity: flash)
        canvas.glow(hit + Point(0, 0.06), 0.42, Color(hex: 0xFFD9A0), 0.5 * flash)
        canvas.disc(hit, 0.05, Color(hex: 0xFFB84A), opacity: 0.85 * flash, blur: 0.03)
      }
    }
    paintKeys(pressed: back ? nil : keys[beat.index], flash, on: canvas)
  }

  private func paintPaper(shift: Float, letters: Int, step: Float, on canvas: Canvas) {
    let center = Point(0.5 + shift, 0.3)
    canvas.box(
      center + Point(0.012, 0.015), half: Point(0.25, 0.24), corner: 0.01, .black, opacity: 0.3, blur: 0.03)
    canvas.box(
      center, half: Point(0.25, 0.24), corner: 0.01,
      Gradient(Color(hex: 0xFFFDF6), Color(hex: 0xDDD5C3), from: 0.05, to: 0.55))
    let ink = Color(hex: 0x3A3A44)
    for (row, width) in [(0, 0.17), (1, 0.19), (2, 0.15)] as [(Int, Float)] {
      let y = 0.13 + 0.085 * Float(row)
      canvas.box(
        Point(center.x - 0.19 + width, y), half: Point(width, 0.014), corner: 0.01, ink, opacity: 0.45)
    }
    for letter in 0..<letters {
      let x = center.x - 0.18 + step * (Float(letter) + 0.5)
      canvas.box(Point(x, 0.43), half: Point(step * 0.34, 0.026), corner: 0.01, ink)
    }
    canvas.capsule(Point(center.x - 0.31, 0.52), Point(center.x + 0.31, 0.52), 0.04, Color(hex: 0x2A2D33))
    canvas.capsule(Point(center.x - 0.31, 0.508), Point(center.x + 0.31, 0.508), 0.012, Color(hex: 0x7E8794))
  }

  private func paintBody(on canvas: Canvas) {
    let color = tint.color
    let body = Gradient(color.lighter(0.12), color.darker(0.45), from: 0.55, to: 0.95)
    canvas.polygon([Point(0.2, 0.55), Point(0.8, 0.55), Point(0.94, 0.94), Point(0.06, 0.94)], body)
    canvas.box(Point(0.5, 0.575), half: Point(0.3, 0.022), corner: 0.02, color.lighter(0.35))
    canvas.disc(Point(0.13, 0.46), 0.055, Color(hex: 0xC79A3A))
  }

  private func paintKeys(pressed: Int?, _ flash: Float, on canvas: Canvas) {
    for key in 0..<6 {
      let row = key / 3
      let x = 0.5 + (Float(key % 3) - 1) * (row == 0 ? 0.19 : 0.23)
      var center = Point(x, row == 0 ? 0.7 : 0.84)
      let lit = key == pressed ? flash : 0
      canvas.glow(center, 0.2, Color(hex: 0xFFE9A8), 0.8 * lit)
      center.y += 0.02 * lit
      canvas.disc(center + Point(0, 0.02), 0.066, .black, opacity: 0.35)
      canvas.disc(center, 0.062, Color(hex: 0x1F2228).mixed(with: Color(hex: 0xFFE9A8), lit))
      canvas.ring(center, 0.056, width: 0.014, Color(hex: 0xE9EDF2))
    }
  }

  func play(into track: inout Soundtrack) {
    let key = Impact(
      pitch: 640, ratios: [1, 2.3, 3.7], decay: 0.022, amplitude: 0.5,
      noise: [
        NoiseBurst(kind: .highPass, frequency: 2200, amplitude: 1, decay: 0.009),
        NoiseBurst(kind: .lowPass, frequency: 260, amplitude: 0.9, decay: 0.02),
      ])
    let bell = Impact(
      pitch: 2350, ratios: [1, 2.4], decay: 0.22, amplitude: 0.6,
      noise: [NoiseBurst(kind: .highPass, frequency: 3000, amplitude: 0.5, decay: 0.006)])
    for index in strikes.heard {
      track.add(isReturn(index) ? bell : key, at: strikes.times[index], gain: index % 3 == 0 ? 0.95 : 0.8)
    }
  }
}
