/// The kinds of scene the renderer knows.
public enum SceneClass: String, Codable, CaseIterable, Sendable {
  case bounce, anvil, clock, drums, bell, typewriter, xylophone, dancer
  case rain, thunder, waves, fire, wind, waterfall, bubbles, siren, engine

  /// What a viewer would call it: `"ball bouncing"`.
  public var title: String {
    switch self {
    case .bounce: "ball bouncing"
    case .anvil: "hammer striking an anvil"
    case .clock: "clock ticking"
    case .drums: "drums playing"
    case .bell: "bell ringing"
    case .typewriter: "typewriter typing"
    case .xylophone: "xylophone playing"
    case .dancer: "dancer on the beat"
    case .rain: "rain falling"
    case .thunder: "thunder and lightning"
    case .waves: "waves breaking"
    case .fire: "fire crackling"
    case .wind: "wind blowing"
    case .waterfall: "waterfall"
    case .bubbles: "bubbles popping"
    case .siren: "siren wailing"
    case .engine: "steam engine turning"
    }
  }

  /// Words of a prompt that point to this class, in lower case.
  public var words: [String] {
    switch self {
    case .bounce: ["ball", "bouncing", "bounces"]
    case .anvil: ["anvil", "hammer", "striking", "strikes", "blacksmith"]
    case .clock: ["clock", "pendulum", "ticking", "ticks"]
    case .drums: ["drums", "drum", "drummer"]
    case .bell: ["bell", "ringing", "rings"]
    case .typewriter: ["typewriter", "typing"]
    case .xylophone: ["xylophone", "mallet"]
    case .dancer: ["dancer", "dancing", "dances"]
    case .rain: ["rain", "raining", "roof", "window"]
    case .thunder: ["thunder", "lightning", "storm"]
    case .waves: ["waves", "sea", "ocean", "beach"]
    case .fire: ["fire", "campfire", "flames"]
    case .wind: ["wind", "windy", "breeze"]
    case .waterfall: ["waterfall", "water"]
    case .bubbles: ["bubbles", "popping"]
    case .siren: ["siren", "beacon"]
    case .engine: ["engine", "wheel", "steam"]
    }
  }

  /// Whether picture and sound share instants (impacts, ticks, flashes) rather than only a level or a pitch.
  public var hasSharpEvents: Bool {
    switch self {
    case .bounce, .anvil, .clock, .drums, .bell, .typewriter, .xylophone, .dancer, .thunder, .bubbles: true
    case .rain, .waves, .fire, .wind, .waterfall, .siren, .engine: false
    }
  }
}
