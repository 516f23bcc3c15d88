/// One resonance of a struck body.
struct Mode: Sendable {
  /// Hertz.
  var frequency: Float
  var amplitude: Float
  /// Seconds until it has fallen to 1/e.
  var decay: Float
}

/// A short noise that dies away: the contact itself, a snare, a clap.
struct NoiseBurst: Sendable {
  var kind: Filter.Kind = .bandPass
  /// Hertz.
  var frequency: Float
  var quality: Float = 0.7
  var amplitude: Float
  /// Seconds until it has fallen to 1/e.
  var decay: Float
}

/// The sound of a blow: the resonances of the body and the noise of the contact.
struct Impact: Sendable {
  var modes: [Mode] = []
  var noise: [NoiseBurst] = []

  /// A body whose resonances are multiples of `pitch`; higher ones are weaker and die sooner.
  init(
    pitch: Float, ratios: [Float], decay: Float, slope: Float = 0.8, amplitude: Float = 0.6,
    noise: [NoiseBurst]
  ) {
    modes = ratios.enumerated().map { index, ratio in
      let fade = 1 / (1 + Float(index) * slope)
      return Mode(frequency: pitch * ratio, amplitude: amplitude * fade, decay: decay * (0.35 + 0.65 * fade))
    }
    self.noise = noise
  }

  init(noise: [NoiseBurst]) {
    self.noise = noise
  }

  init(mode: Mode) {
    modes = [mode]
  }
}

/// What a thing is made of, as far as it is heard.
enum Material: String, CaseIterable, Sendable {
  case rubber, wood, metal, glass

  /// As a caption says it.
  var adjective: String { self == .wood ? "wooden" : rawValue }

  /// A blow on a body of this material.
  /// - Parameter scale: pitch relative to a body of middle size.
  func impact(scale: Float) -> Impact {
    switch self {
    case .rubber:
      Impact(
        pitch: 135 * scale, ratios: [1, 1.6, 2.3], decay: 0.075, amplitude: 0.9,
        noise: [NoiseBurst(kind: .lowPass, frequency: 700, amplitude: 0.9, decay: 0.018)])
    case .wood:
      Impact(
        pitch: 420 * scale, ratios: [1, 2.57, 4.6], decay: 0.05, amplitude: 0.7,
        noise: [NoiseBurst(frequency: 1900, amplitude: 0.9, decay: 0.008)])
    case .metal:
      Impact(
        pitch: 820 * scale, ratios: [1, 1.58, 2.24, 2.92, 4.1], decay: 0.2, slope: 0.35, amplitude: 0.36,
        noise: [NoiseBurst(frequency: 4200, amplitude: 0.6, decay: 0.006)])
    case .glass:
      Impact(
        pitch: 1750 * scale, ratios: [1, 2.32, 3.2], decay: 0.11, slope: 0.6, amplitude: 0.4,
        noise: [NoiseBurst(kind: .highPass, frequency: 4500, amplitude: 0.7, decay: 0.005)])
    }
  }
}
