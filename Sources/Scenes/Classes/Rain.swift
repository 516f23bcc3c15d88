import Foundation

/// Rain on some surface; the number of drops is the loudness.
struct Rain: Scene {
  private enum Surface: String, CaseIterable {
    case roof, window, leaves, street

    var phrases: [String] {
      switch self {
      case .roof: ["on a tin roof", "on a metal roof"]
      case .window: ["on a window", "against a window"]
      case .leaves: ["on green leaves", "on leaves"]
      case .street: ["on the street", "on a wet street"]
      }
    }
  }

  private enum Change: String, CaseIterable {
    case even, growing, fading
  }

  /// Drops that fall one after another at one place.
  struct Column {
    let x: Float
    /// Of the falling, 0…1.
    let phase: Float
    /// Depth of the place where they land, 0…1.
    let depth: Float
  }

  /// Seconds between the drops of a column, and how far apart they are. Rain without a rhythm is the hardest picture
  /// there is for a small autoencoder; with this one it looks the same again after four frames at 17 a second.
  private static let period: Float = 4 / 17
  private static let spacing: Float = 0.26

  /// The same in every clip, spread evenly by the golden ratio.
  static let columns: [Column] = (0..<16).map { index in
    func spread(_ step: Float) -> Float { (Float(index) * step).truncatingRemainder(dividingBy: 1) }
    return Column(x: spread(0.618034), phase: spread(0.381966 * 2.3), depth: spread(0.754878))
  }

  let caption: String
  let palette: Palette
  private let surface: Surface
  private let intensity: Intensity
  private let change: Change
  private let seconds: Float
  private let slant: Float
  private let taps: RandomSource

  init(random: inout RandomSource, seconds: Double) {
    palette = random.choice(Palette.skies)
    surface = random.choice(of: Surface.self)
    intensity = random.choice(of: Intensity.self)
    change = random.choice(of: Change.self)
    slant = random.unit() < 0.5 ? -0.04 : 0.04
    self.seconds = Float(seconds)
    taps = random.fork(10)
    var words = Narrator(&random)
    let (strength, place) = (words.maybe(intensity.rawValue), words.maybe(palette))
    let full = random.choice(surface.phrases)
    let on = words.maybe(full)
    let course = words.maybe(
      ["even": "", "growing": "getting louder", "fading": "fading away"][change.rawValue]!)
    caption = words.say(
      [
        "\(strength) rain \(on) \(place), \(course)",
        "\(strength) rain falling \(on) \(place), \(course)",
        "\(strength) rain falls \(on), \(course), \(place)",
        "it is raining \(on) \(place), \(Caption.phrase("", strength, "rain")) \(course)",
      ],
      brief: [
        "\(intensity.rawValue) rain", "rain falling", "\(intensity.rawValue) rain \(full)", "rain \(full)",
        "it is raining",
      ])
  }

  var attributes: [String: String] {
    [
      "background": palette.name, "change": change.rawValue, "intensity": intensity.rawValue,
      "surface": surface.rawValue,
    ]
  }

  /// How hard it rains, 0…1.
  func level(_ time: Float) -> Float {
    let t = min(time / seconds, 1)
    switch change {
    case .even: return intensity.level
    case .growing: return intensity.level * (0.25 + 0.75 * t)
    case .fading: return intensity.level * (1 - 0.75 * t)
    }
  }

  /// Height at which a drop lands.
  private func landing(_ drop: Column) -> Float {
    switch surface {
    case .roof: 0.62 + 0.3 * drop.depth
    case .window: 0.2 + 0.6 * drop.depth
    case .leaves: 0.66 + 0.28 * drop.depth
    case .street: 0.7 + 0.27 * drop.depth
    }
  }

  func paintBackdrop(on canvas: Canvas) {
    canvas.paintSky(palette)
    let cloud = palette.top.mixed(with: Color(hex: 0x3A4250), 0.5)
    for index in -3..<9 {
      let x = -0.1 + 0.25 * Float(index)
      canvas.ellipse(
        Point(x, 0.02), Point(0.22, 0.1 + 0.03 * Float((index + 6) % 3)), cloud, opacity: 0.85, blur: 0.06)
    }
    switch surface {
    case .roof: paintRoof(on: canvas)
    case .window: canvas.ground(palette.floor, blur: 0.02) { 0.86 - 0.05 * sin($0 * 5) }
    case .leaves: canvas.ground(Color(hex: 0x1F4A30).mixed(with: palette.top, 0.3), blur: 0.02) { _ in 0.78 }
    case .street: paintStreet(on: canvas)
    }
  }

  func paint(at moment: Moment, on canvas: Canvas) {
    let time = moment.seconds
    if surface == .leaves { paintLeaves(time, on: canvas) }
    let level = level(time)
    let water = palette.bottom.luminance > 0.55 ? Color(hex: 0xF4FAFF) : Color(hex: 0xCFE2F5)
    let turn = time / Self.period
    for (index, column) in Self.columns.enumerated() where Float(index) < level * Float(Self.columns.count) {
      let width = canvas.visible.right - canvas.visible.left
      let end = Point(canvas.visible.left + column.x * width, landing(column))
      let part = (turn + column.phase).truncatingRemainder(dividingBy: 1)
      var y = end.y - (1 - part) * Self.spacing
      while y > -0.1 {
        let tip = Point(end.x + slant * (y - end.y) * 3, y)
        canvas.capsule(tip - Point(slant, 0.12), tip, 0.007, endRadius: 0.013, water, opacity: 0.85)
        y -= Self.spacing
      }
      paintSplash(end, part, water, on: canvas)
    }
    if surface == .window { paintWindow(time, on: canvas) }
  }

  private func paintSplash(_ point: Point, _ progress: Float, _ water: Color, on canvas: Canvas) {
    let rest = 1 - progress
    switch surface {
    case .roof, .leaves:
      for side: Float in [-1, 0, 1] {
        let hop = Point(side * 0.05 * progress, -0.07 * progress * (1.6 - progress) + 0.01 * abs(side))
        canvas.disc(point + hop, 0.012, .white, opacity: 0.9 * rest)
      }
    case .window:
      canvas.ring(point, 0.012 + 0.03 * progress, width: 0.012, water, opacity: 0.7 * rest)
    case .street:
      canvas.ellipse(
        point, Point(0.02 + 0.07 * progress, 0.008 + 0.024 * progress), water, hollow: 0.013,
        opacity: 0.85 * rest)
    }
  }

  func play(into track: inout Soundtrack) {
    let gain: (Float) -> Float = { 0.5 * level($0) }
    switch surface {
    case .roof:
      track.addNoise(.bandPass, quality: 0.6, frequency: { _ in 3200 }, level: { 1.1 * gain($0) })
      track.addNoise(.bandPass, quality: 3, frequency: { _ in 900 }, level: gain)
      addTaps(to: &track, pitch: 1500...3800, decay: 0.011, gain: 0.5)
    case .window:
      track.addNoise(.lowPass, frequency: { _ in 1500 }, level: { 1.1 * gain($0) })
      addTaps(to: &track, pitch: 700...1300, decay: 0.01, gain: 0.55)
    case .leaves:
      track.addNoise(.bandPass, quality: 0.5, frequency: { _ in 1800 }, level: gain)
      addTaps(to: &track, pitch: 250...500, decay: 0.012, gain: 0.6)
    case .street:
      track.addNoise(.highPass, frequency: { _ in 2200 }, level: gain)
      addTaps(to: &track, pitch: 4200...5800, decay: 0.006, gain: 0.25)
    }
  }

  /// Single drops that stand out of the hiss, as many as it rains hard.
  private func addTaps(to track: inout Soundtrack, pitch: ClosedRange<Float>, decay: Float, gain: Float) {
    var draw = taps
    var time = 0.0
    while time < Double(seconds) {
      time += draw.uniform(0.002...0.022)
      let tap = Mode(frequency: draw.uniform(pitch), amplitude: draw.uniform(0.2...1), decay: decay)
      guard draw.unit() < level(Float(time)) else { continue }
      track.add(Impact(mode: tap), at: time, gain: gain * level(Float(time)))
    }
  }
}
