import Foundation

/// A hammer striking an anvil; every blow throws sparks.
struct Anvil: Scene {
  let caption: String
  private let palette: Palette
  private let tint: Tint
  private let size: Size
  private let speed: Speed
  private let strikes: Strikes
  private let sparks: [Point]

  init(random: inout RandomSource, seconds: Double) {
    palette = random.choice(Palette.rooms)
    tint = Tint.drawn(on: palette, &random)
    size = random.choice(of: Size.self)
    let speed = random.choice(of: Speed.self)
    self.speed = speed
    let period = speed == .slow ? random.uniform(0.95...1.2) : random.uniform(0.45...0.58)
    strikes = Strikes(seconds: seconds, random: &random) { $0.uniform(0.85...1.15) * period }
    sparks = (0..<9).map { _ in Point(random.uniform(-1...1), random.uniform(-1 ... -0.2)) }
    var words = Narrator(&random)
    let weight = words.maybe(size == .small ? "light" : "heavy")
    let (color, pace, place) = (words.maybe(tint.name), words.maybe(speed.rawValue), words.maybe(palette))
    let striking = pace.isEmpty ? "" : speed.adverb
    let handle = Caption.phrase("", color, "handle")
    let held = Caption.phrase("with a", handle)
    caption = words.say(
      [
        "a \(weight) hammer \(held) striking an anvil \(striking) \(place)",
        "a hammer striking an anvil, \(Caption.both(weight, pace)), \(handle), \(place)",
        "a \(color) hammer strikes an anvil \(striking), \(Caption.phrase("", weight, "blows")), \(place)",
        "a blacksmith's \(weight) \(color) hammer hits the anvil \(striking) \(place)",
      ],
      brief: [
        "a hammer striking an anvil", "a hammer on an anvil", "a blacksmith's hammer",
        "a \(tint.name) hammer striking an anvil",
      ])
  }

  var attributes: [String: String] {
    ["background": palette.name, "color": tint.name, "size": size.rawValue, "speed": speed.rawValue]
  }

  var events: [SceneEvent] { strikes.events { _ in "strike" } }

  private static let contact = Point(0.4, 0.6)

  func paintBackdrop(on canvas: Canvas) {
    canvas.paintRoom(palette, horizon: 0.8)
    canvas.shadow(Point(0.42, 0.93), Point(0.34, 0.05), 0.55)
    let iron = Gradient(Color(hex: 0x8B95A3), Color(hex: 0x2A2F38), from: 0.6, to: 0.92)
    canvas.polygon([Point(0.34, 0.7), Point(0.54, 0.7), Point(0.6, 0.93), Point(0.26, 0.93)], iron)
    canvas.polygon([Point(0.2, 0.62), Point(0.7, 0.62), Point(0.62, 0.75), Point(0.28, 0.75)], iron)
    canvas.polygon([Point(0.06, 0.63), Point(0.24, 0.62), Point(0.3, 0.74)], iron)
    canvas.box(Point(0.43, 0.625), half: Point(0.27, 0.018), corner: 0.01, Color(hex: 0xC3CDD9))
  }

  func paint(at moment: Moment, on canvas: Canvas) {
    let beat = strikes.beat(at: moment)
    let head: Float = size == .small ? 0.085 : 0.12
    let pivot = Point(0.98, 0.6 - head)
    let angle = 1.05 * beat.lift()
    let direction = Point(-cos(angle), -sin(angle))
    let across = Point(-direction.y, direction.x)
    let end = pivot + direction * (pivot.x - Self.contact.x)
    let flash = beat.flash(0.3)
    canvas.glow(Self.contact, 0.5, Color(hex: 0xFFD27A), 0.75 * flash)
    canvas.capsule(pivot + direction * 0.02, end, 0.034, tint.color.darker(0.25))
    canvas.capsule(
      pivot + direction * 0.02 + across * 0.01, end + across * 0.01, 0.016, tint.color.lighter(0.15))
    let steel = Gradient(Color(hex: 0xE3E9F0), Color(hex: 0x6C7683), from: end.y - head, to: end.y + head)
    canvas.box(end, half: Point(head * 0.62, head), corner: 0.02, angle: angle, steel)
    guard flash > 0 else { return }
    canvas.disc(Self.contact, 0.05 + 0.07 * flash, Color(hex: 0xFFF3C4), opacity: flash, blur: 0.06)
    for spark in sparks {
      let reach = 0.12 + 0.9 * beat.age
      let fall = Point(0, 0.9 * beat.age * beat.age)
      let tip = Self.contact + spark * Point(reach, reach * 0.8) + fall
      let tail = Self.contact + spark * Point(reach, reach * 0.8) * 0.72
      canvas.capsule(tail, tip, 0.006, endRadius: 0.014, Color(hex: 0xFFC24A), opacity: flash)
    }
  }

  func play(into track: inout Soundtrack) {
    let pitch: Float = size == .small ? 1150 : 620
    let clang = Impact(
      pitch: pitch, ratios: [1, 1.47, 2.09, 2.56, 3.42, 4.7], decay: 0.2, slope: 0.3, amplitude: 0.33,
      noise: [
        NoiseBurst(kind: .highPass, frequency: 3200, amplitude: 0.8, decay: 0.008),
        NoiseBurst(kind: .lowPass, frequency: 300, amplitude: size == .small ? 0.3 : 1, decay: 0.02),
      ])
    for index in strikes.heard {
      track.add(clang, at: strikes.times[index], gain: size == .small ? 0.75 : 1.1)
    }
  }
}
