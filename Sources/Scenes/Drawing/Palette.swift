/// A named background.
struct Palette: Sendable {
  let name: String
  /// How a caption may put it.
  let phrases: [String]
  let top: Color
  let bottom: Color
  let floor: Color
  let light: Color

  private init(
    _ name: String, _ phrases: [String], _ top: UInt32, _ bottom: UInt32, _ floor: UInt32, _ light: UInt32
  ) {
    self.name = name
    self.phrases = phrases
    self.top = Color(hex: top)
    self.bottom = Color(hex: bottom)
    self.floor = Color(hex: floor)
    self.light = Color(hex: light)
  }

  private static func room(_ name: String, _ top: UInt32, _ bottom: UInt32, _ floor: UInt32, _ light: UInt32)
    -> Palette
  {
    Palette(
      name, ["in a \(name) room", "against a \(name) wall", "on a \(name) background"], top, bottom, floor,
      light)
  }

  /// Walls for things indoors: none is bright, so that a flash shows on each of them.
  static let rooms = [
    room("navy", 0x111D42, 0x2A4480, 0x141D38, 0x8FB4FF),
    room("teal", 0x0C3C42, 0x1F7273, 0x0D2F33, 0x9BF0E0),
    room("plum", 0x2E143B, 0x63306F, 0x260F30, 0xE0A8FF),
    room("grey", 0x3B4049, 0x707885, 0x2B2F36, 0xE8EEF8),
    room("brown", 0x4A2C1C, 0x8C5A3A, 0x2E1B12, 0xFFD9A8),
  ]

  static let day = Palette(
    "day", ["under a blue sky", "on a sunny day"], 0x3F87D6, 0xC4E6F7, 0x4E8A3E, 0xFFF6D8)
  static let dusk = Palette("dusk", ["at dusk", "at sunset"], 0x35205C, 0xF28C5E, 0x2C2440, 0xFFC48A)
  static let night = Palette(
    "night", ["at night", "under a dark sky"], 0x070B24, 0x2A3768, 0x10172E, 0xC9D6FF)
  static let cloudy = Palette(
    "cloudy", ["under a grey sky", "on a cloudy day"], 0x566070, 0xA9B4BF, 0x3C4A44, 0xF0F4F8)

  /// Skies for things outdoors.
  static let skies = [day, dusk, night, cloudy]
}

/// A named colour of a thing.
struct Tint: Sendable {
  let name: String
  let color: Color

  init(_ name: String, _ hex: UInt32) {
    self.name = name
    color = Color(hex: hex)
  }

  static let all = [
    Tint("red", 0xE5383B), Tint("orange", 0xF8961E), Tint("yellow", 0xFFD60A), Tint("green", 0x43C04B),
    Tint("blue", 0x3A86FF), Tint("purple", 0xA45BEA), Tint("pink", 0xFF7EB0), Tint("white", 0xF6F3EC),
  ]

  /// A colour that stands out against `palette`.
  static func drawn(on palette: Palette, from tints: [Tint] = all, _ random: inout RandomSource) -> Tint {
    let visible = tints.filter { $0.color.contrast(with: palette.bottom) > 0.55 }
    return random.choice(visible.isEmpty ? tints : visible)
  }
}
