/// One composed scene: everything random is drawn once, by the initialiser; picture and sound follow from it
/// at any size and rate.
protocol Scene {
  /// - Parameter seconds: length of the clip. A longer clip of the same source begins with the same events.
  init(random: inout RandomSource, seconds: Double)

  var caption: String { get }
  var attributes: [String: String] { get }
  var events: [SceneEvent] { get }

  /// Paints what never changes.
  func paintBackdrop(on canvas: Canvas)
  /// Paints what moves over a copy of the backdrop.
  func paint(at moment: Moment, on canvas: Canvas)
  /// Adds the sound; about 1 is loud.
  func play(into track: inout Soundtrack)
}

extension Scene {
  var events: [SceneEvent] { [] }
}

extension SceneClass {
  var scene: any Scene.Type {
    switch self {
    case .bounce: BouncingBall.self
    case .anvil: Anvil.self
    case .clock: PendulumClock.self
    case .drums: Drums.self
    case .bell: Bell.self
    case .typewriter: Typewriter.self
    case .xylophone: Xylophone.self
    case .dancer: Dancer.self
    case .rain: Rain.self
    case .thunder: Thunder.self
    case .waves: Waves.self
    case .fire: Fire.self
    case .wind: Wind.self
    case .waterfall: Waterfall.self
    case .bubbles: Bubbles.self
    case .siren: Siren.self
    case .engine: SteamEngine.self
    }
  }
}
