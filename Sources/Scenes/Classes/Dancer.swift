import Foundation

/// A dancer who takes a new pose on every beat.
struct Dancer: Scene {
  /// Offsets from hip and shoulder, in stage units; `y` grows downwards.
  private struct Pose {
    var hip: Point
    var lean: Float
    var leftHand: Point
    var rightHand: Point
    var leftFoot: Float
    var rightFoot: Float

    func mixed(with other: Pose, _ t: Float) -> Pose {
      Pose(
        hip: hip + (other.hip - hip) * t, lean: lean + (other.lean - lean) * t,
        leftHand: leftHand + (other.leftHand - leftHand) * t,
        rightHand: rightHand + (other.rightHand - rightHand) * t,
        leftFoot: leftFoot + (other.leftFoot - leftFoot) * t,
        rightFoot: rightFoot + (other.rightFoot - rightFoot) * t)
    }
  }

  private static let poses = [
    Pose(
      hip: Point(-0.06, 0.02), lean: 0.05, leftHand: Point(-0.2, -0.2), rightHand: Point(0.2, 0.14),
      leftFoot: -0.18, rightFoot: 0.16),
    Pose(
      hip: Point(0.06, 0.02), lean: -0.05, leftHand: Point(-0.2, 0.14), rightHand: Point(0.2, -0.2),
      leftFoot: -0.16, rightFoot: 0.18),
    Pose(
      hip: Point(0, 0.07), lean: 0, leftHand: Point(-0.26, 0.02), rightHand: Point(0.26, 0.02),
      leftFoot: -0.22,
      rightFoot: 0.22),
    Pose(
      hip: Point(0, -0.01), lean: 0, leftHand: Point(-0.14, -0.24), rightHand: Point(0.14, -0.24),
      leftFoot: -0.1, rightFoot: 0.1),
  ]

  private enum Tempo: String, CaseIterable {
    case slow, medium, fast
    var period: ClosedRange<Double> {
      switch self {
      case .slow: 0.85...0.98
      case .medium: 0.6...0.7
      case .fast: 0.4...0.46
      }
    }
  }

  let caption: String
  private let palette: Palette
  private let tint: Tint
  private let tempo: Tempo
  private let strikes: Strikes
  private let steps: [Int]

  init(random: inout RandomSource, seconds: Double) {
    palette = random.choice(Palette.rooms)
    tint = Tint.drawn(on: palette, &random)
    tempo = random.choice(of: Tempo.self)
    let period = random.uniform(tempo.period)
    strikes = Strikes(seconds: seconds, random: &random) { $0.uniform(0.95...1.05) * period }
    var draw = random.fork(8)
    var step = 0
    steps = strikes.times.map { _ in
      step = (step + 1 + Int(draw.next() % UInt64(Self.poses.count - 1))) % Self.poses.count
      return step
    }
    var words = Narrator(&random)
    let (color, pace, place) = (words.maybe(tint.name), words.maybe(tempo.rawValue), words.maybe(palette))
    caption = words.say(
      [
        "a \(color) dancer dancing to a \(pace) beat \(place)",
        "a \(color) dancer dances on the beat \(place), \(Caption.phrase("", pace, "tempo"))",
        "a person \(Caption.phrase("dressed in", color)) dancing to \(pace) music \(place)",
        "a \(color) dancer steps to the beat of a \(pace) drum \(place)",
      ],
      brief: [
        "a dancer dancing", "a person dancing to music", "a dancer dancing on the beat",
        "a \(tint.name) dancer", "dancing to \(tempo.rawValue) music",
      ])
  }

  var attributes: [String: String] {
    ["background": palette.name, "color": tint.name, "tempo": tempo.rawValue]
  }

  var events: [SceneEvent] { strikes.events { $0 % 2 == 0 ? "kick" : "clap" } }

  func paintBackdrop(on canvas: Canvas) {
    canvas.paintRoom(palette, horizon: 0.8)
    canvas.ellipse(Point(0.5, 0.91), Point(0.38, 0.07), palette.floor.lighter(0.16))
  }

  func paint(at moment: Moment, on canvas: Canvas) {
    let beat = strikes.beat(at: moment)
    let next = steps[min(beat.index + 1, steps.count - 1)]
    // Holds the pose, then moves so as to arrive with the next beat.
    let travel = smoothstep(max(0, 1 - 0.28 / beat.interval), 1, beat.progress)
    let pose = Self.poses[steps[beat.index]].mixed(with: Self.poses[next], travel)
    let flash = beat.flash(0.3)
    canvas.ellipse(
      Point(0.5, 0.91), Point(0.38 + 0.04 * flash, 0.07 + 0.01 * flash), tint.color.lighter(0.5),
      opacity: 0.9 * flash)
    canvas.glow(Point(0.5, 0.45), 0.6, palette.light, 0.35 * flash)
    // The knees give at the beat.
    let dip = Point(0, 0.03 * flash - 0.02 * sin(.pi * travel))
    paintFigure(pose, dip: dip, on: canvas)
  }

  private func paintFigure(_ pose: Pose, dip: Point, on canvas: Canvas) {
    let hip = Point(0.5, 0.6) + pose.hip + dip
    let neck = hip + Point(pose.lean, -0.25)
    let head = neck + Point(pose.lean * 0.6, -0.12)
    let cloth = tint.color
    let skin = Color(hex: 0xE8B48C)
    let trousers = cloth.mixed(with: Color(hex: 0x14162A), 0.6)
    for (foot, side) in [(pose.leftFoot, -1), (pose.rightFoot, 1)] as [(Float, Float)] {
      let toe = Point(0.5 + foot, 0.9)
      let knee = (hip + toe) * 0.5 + Point(side * 0.045, -0.01)
      canvas.shadow(toe + Point(0, 0.012), Point(0.08, 0.02), 0.5)
      canvas.capsule(hip + Point(side * 0.03, 0), knee, 0.042, trousers)
      canvas.capsule(knee, toe, 0.038, endRadius: 0.03, trousers)
      canvas.capsule(toe, toe + Point(side * 0.04, 0), 0.03, Color(hex: 0xF4F1EA))
    }
    canvas.capsule(
      neck + Point(0, 0.04), hip, 0.075, endRadius: 0.06,
      Gradient(cloth.lighter(0.2), cloth.darker(0.2), from: neck.y, to: hip.y))
    for (hand, side) in [(pose.leftHand, -1), (pose.rightHand, 1)] as [(Point, Float)] {
      let shoulder = neck + Point(side * 0.055, 0.045)
      let tip = shoulder + hand
      let elbow = (shoulder + tip) * 0.5 + Point(side * 0.045, 0.03)
      canvas.capsule(shoulder, elbow, 0.036, cloth.darker(0.1))
      canvas.capsule(elbow, tip, 0.033, skin)
      canvas.disc(tip, 0.036, skin.lighter(0.1))
    }
    canvas.ball(head, Point(0.082, 0.09), skin, gloss: 0.1, contrast: 0.5)
    canvas.ellipse(head + Point(0, -0.045), Point(0.085, 0.055), Color(hex: 0x3A2418))
  }

  func play(into track: inout Soundtrack) {
    for index in strikes.heard {
      let time = strikes.times[index]
      track.addTone(at: time, lasting: 0.3) {
        50 + 90 * exp(-$0 / 0.02)
      } level: {
        0.9 * exp(-$0 / 0.08)
      }
      track.add(
        Impact(noise: [NoiseBurst(kind: .lowPass, frequency: 2000, amplitude: 0.4, decay: 0.006)]), at: time)
      if index % 2 != 0 {
        track.add(
          Impact(noise: [NoiseBurst(frequency: 1500, quality: 0.9, amplitude: 1.5, decay: 0.045)]), at: time)
      }
      // A short bass note gives the beat a harmony.
      let bass: Float = [110, 131, 147, 98][steps[index]]
      track.addTone(at: time, lasting: 0.4, harmonics: [1, 0.5, 0.25]) { _ in
        bass
      } level: {
        0.25 * exp(-$0 / 0.12)
      }
    }
  }
}
