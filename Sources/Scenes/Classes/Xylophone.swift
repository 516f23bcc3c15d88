import Foundation

/// A mallet hops over bars of falling length and rising pitch.
struct Xylophone: Scene {
  let caption: String
  private let palette: Palette
  private let material: Material
  private let colors: [Color]
  private let colorName: String
  private let speed: Speed
  private let melody: String
  private let strikes: Strikes
  private let notes: [Int]

  private static let count = 6

  init(random: inout RandomSource, seconds: Double) {
    palette = random.choice(Palette.rooms)
    material = random.choice([.wood, .metal])
    let speed = random.choice(of: Speed.self)
    self.speed = speed
    if random.unit() < 0.35 {
      colorName = "rainbow"
      colors = [0xE5383B, 0xF8961E, 0xFFD60A, 0x43C04B, 0x3A86FF, 0xA45BEA].map { Color(hex: $0) }
    } else {
      let tint = Tint.drawn(on: palette, &random)
      colorName = tint.name
      colors = (0..<Self.count).map { tint.color.mixed(with: .black, 0.32 - 0.05 * Float($0)) }
    }
    melody = random.choice(["rising", "falling", "wandering"])
    let period = speed == .slow ? random.uniform(0.6...0.75) : random.uniform(0.35...0.41)
    strikes = Strikes(seconds: seconds, random: &random) { $0.uniform(0.92...1.12) * period }
    var draw = random.fork(7)
    var note = Int(draw.next() % UInt64(Self.count))
    var notes: [Int] = []
    for _ in strikes.times {
      notes.append(note)
      switch melody {
      case "rising": note = (note + 1) % Self.count
      case "falling": note = (note + Self.count - 1) % Self.count
      default: note = (note + 1 + Int(draw.next() % UInt64(Self.count - 1))) % Self.count
      }
    }
    self.notes = notes
    var words = Narrator(&random)
    let (color, stuff) = (words.maybe(colorName), words.maybe(material.adjective))
    let (pace, place) = (words.maybe(speed.rawValue), words.maybe(palette))
    let playing = pace.isEmpty ? "" : speed.adverb
    let tune = words.maybe("\(melody) melody")
    caption = words.say(
      [
        "a \(color) \(stuff) xylophone playing \(Caption.phrase("a", tune)) \(playing) \(place)",
        "a mallet playing \(Caption.phrase("a", tune, "on")) a \(color) \(stuff) xylophone \(place), \(pace)",
        "a \(pace) \(tune.isEmpty ? "melody" : tune) on a \(color) \(stuff) xylophone \(place)",
      ],
      brief: [
        "a mallet playing a xylophone", "a xylophone playing a melody", "a xylophone",
        "a \(material.adjective) xylophone", "a \(melody) melody on a xylophone",
      ])
  }

  var attributes: [String: String] {
    [
      "background": palette.name, "color": colorName, "material": material.rawValue, "melody": melody,
      "speed": speed.rawValue,
    ]
  }

  var events: [SceneEvent] { strikes.events { "note\(notes[$0] + 1)" } }

  private func bar(_ note: Int) -> (center: Point, half: Point) {
    (Point(0.125 + 0.15 * Float(note), 0.66), Point(0.062, 0.26 - 0.027 * Float(note)))
  }

  func paintBackdrop(on canvas: Canvas) {
    canvas.paintRoom(palette, horizon: 0.88)
    let oak = Color(hex: 0x6B4526)
    canvas.capsule(Point(0.03, 0.53), Point(0.97, 0.57), 0.026, oak)
    canvas.capsule(Point(0.03, 0.81), Point(0.97, 0.74), 0.026, oak.darker(0.25))
    for note in 0..<Self.count { paintBar(note, flash: 0, on: canvas) }
  }

  func paint(at moment: Moment, on canvas: Canvas) {
    let beat = strikes.beat(at: moment)
    let note = notes[beat.index]
    let flash = beat.flash(0.3)
    if flash > 0 {
      canvas.glow(bar(note).center, 0.38, colors[note].lighter(0.5), 0.75 * flash)
      paintBar(note, flash: flash, on: canvas)
    }
    let following = notes[min(beat.index + 1, notes.count - 1)]
    let travel = smoothstep(0.25, 0.8, beat.progress)
    let from = bar(note).center
    let to = bar(following).center
    let point = from + (to - from) * travel + Point(0, -0.05 - 0.3 * beat.lift(peak: 0.55))
    canvas.shadow(Point(point.x + 0.02, 0.68), Point(0.07, 0.03), 0.25)
    canvas.capsule(point, point + Point(0.22, -0.42), 0.02, Color(hex: 0xE8D3A8))
    canvas.ball(point, Point(0.08, 0.08), Color(hex: 0xF6F1E6), gloss: 0.4, contrast: 0.7)
  }

  private func paintBar(_ note: Int, flash: Float, on canvas: Canvas) {
    let (center, half) = bar(note)
    let color = colors[note].mixed(with: .white, 0.85 * flash)
    canvas.box(center + Point(0.008, 0.02), half: half, corner: 0.02, .black, opacity: 0.35, blur: 0.03)
    canvas.box(
      center, half: half, corner: 0.02,
      Gradient(
        color.lighter(0.18), color.darker(0.22 * (1 - flash)), from: center.y - half.y, to: center.y + half.y)
    )
    if material == .metal {
      // A polished edge tells metal from wood.
      canvas.box(
        center - Point(0.025, 0), half: Point(0.012, half.y * 0.86), corner: 0.01, .white, opacity: 0.6)
    } else {
      canvas.box(
        center + Point(0.02, 0), half: Point(0.006, half.y * 0.8), Color(hex: 0x3A2210), opacity: 0.4)
    }
    for side: Float in [-1, 1] {
      canvas.disc(center + Point(0, side * half.y * 0.78), 0.014, Color(hex: 0x241810), opacity: 0.8)
    }
  }

  func play(into track: inout Soundtrack) {
    let pentatonic: [Float] = [1, 1.125, 1.25, 1.5, 1.6875, 2]
    for index in strikes.heard {
      let pitch = (material == .wood ? 440 : 880) * pentatonic[notes[index]]
      let tone = Impact(
        pitch: pitch, ratios: [1, 3, 6.1], decay: material == .wood ? 0.13 : 0.26, slope: 1.6, amplitude: 0.8,
        noise: [NoiseBurst(frequency: 2600, amplitude: 0.5, decay: 0.007)])
      track.add(tone, at: strikes.times[index], gain: 0.9)
    }
  }
}
