internal import Torch
public import UniForm

/// Trains the vocoder on windows of rendered sound: mel and spectrum distances first, then also against a
/// discriminator of spectra.
public struct VocoderTrainer {
  public struct Configuration: JSONConfiguration {
    /// Rendered clips in memory.
    public var clips = 4_000
    /// Mel frames per training window.
    public var windowFrames = 48
    /// Share of the run after which the discriminator joins; 1 leaves it out.
    public var adversaryFrom = 0.5
    public var discriminatorChannels = 16
    public var melWeight = 45.0
    public var spectrumWeight = 1.0
    public var optimization = OptimizationSettings()

    public init() {}

    public func validate() throws(ConfigurationError) {
      try optimization.validate()
      guard clips > 0, windowFrames > 0, discriminatorChannels > 0 else {
        throw ConfigurationError("clips, window_frames and discriminator_channels must be positive")
      }
      guard (0...1).contains(adversaryFrom), melWeight >= 0, spectrumWeight >= 0 else {
        throw ConfigurationError("adversary_from must lie in 0...1, the weights must not be negative")
      }
    }

    public static let sections: Set<String> = ["optimization"]

    enum CodingKeys: String, CodingKey {
      case clips, optimization
      case windowFrames = "window_frames"
      case adversaryFrom = "adversary_from"
      case discriminatorChannels = "discriminator_channels"
      case melWeight = "mel_weight"
      case spectrumWeight = "spectrum_weight"
    }
  }

  public let loop: TrainingLoop
  let configuration: Configuration
  let geometry: ClipGeometry
  let replicas: [HiFiGAN]
  let discriminators: [MultiResolutionDiscriminator]
  let sounds: SceneSounds
  let mel: MelSpectrogram
  let losses: VocoderLoss

  public init(
    model: ModelDirectory, _ configuration: Configuration, sounds: SceneSounds, workers: Int, log: MetricsLog
  ) throws {
    let seed = configuration.optimization.seed
    try self.init(model: model, configuration, sounds: sounds, workers: workers, log: log) {
      ParameterStore(seed: seed &+ ($0 == .model ? 0 : 1))
    }
  }

  /// The two networks that learn from each other.
  enum Side { case model, adversary }

  /// - Parameter makeStore: gives the parameters of each worker.
  init(
    model: ModelDirectory, _ configuration: Configuration, sounds: SceneSounds, workers: Int, log: MetricsLog,
    makeStore: (Side) -> ParameterStore
  ) throws {
    self.configuration = configuration
    geometry = model.geometry
    self.sounds = sounds
    mel = try MelSpectrogram(model.mel)
    var weights = VocoderLoss.Configuration()
    weights.mel = configuration.melWeight
    weights.spectrum = configuration.spectrumWeight
    losses = VocoderLoss(weights, mel: mel, spectrum: try SpectrumLoss())
    let stores = (0..<workers).map { _ in makeStore(.model) }
    replicas = try stores.map { try HiFiGAN($0.root, model.vocoder) }
    let adversaries =
      configuration.adversaryFrom < 1 ? (0..<workers).map { _ in makeStore(.adversary) } : []
    discriminators = try adversaries.map {
      try MultiResolutionDiscriminator($0.root, .init(channels: configuration.discriminatorChannels))
    }
    loop = try TrainingLoop(
      stores, adversary: adversaries, configuration: configuration, settings: configuration.optimization,
      log: log)
  }

  /// Goes on from the weights of another model; a discriminator starts anew.
  public func begin(from source: ModelDirectory) throws { try loop.begin(with: .vocoder, of: source) }

  public func run(isCancelled: () -> Bool = { false }) throws {
    let share = configuration.optimization.batchSize / loop.workers
    try loop.run(isCancelled: isCancelled) { [self] worker, step in
      let generator = loop.generator(worker: worker, step: step)
      let real = sounds.windows(
        share, length: configuration.windowFrames * geometry.hopLength, generator: generator)
      return loss(worker: worker, real, isJudged: loop.progress >= configuration.adversaryFrom)
    }
  }

  /// - Parameters:
  ///   - real: `[B, N]`.
  ///   - isJudged: whether the discriminators take part.
  func loss(worker: Int, _ real: Tensor, isJudged: Bool) -> StepResult {
    let input = withoutGradient {
      mel(real).narrowed(1, start: 0, length: configuration.windowFrames)  // [B, T, M]
    }
    let generated = replicas[worker].vocode(input)  // [B, N]
    let distance = losses.melDistance(generated, real)
    let reconstruction = losses.reconstruction(generated, real)
    guard !discriminators.isEmpty, isJudged else {
      return StepResult(loss: reconstruction, metrics: [("mel_error", distance)])
    }
    let judge = discriminators[worker]
    let truth = withoutGradient { judge(real) }
    let game = losses.adversarial(generated: judge(generated), real: truth)
    let adversaryLoss = VocoderLoss.discriminator(generated: judge(generated.detached), real: judge(real))
    return StepResult(
      loss: reconstruction + game, adversaryLoss: adversaryLoss,
      metrics: [("mel_error", distance), ("game", game), ("discriminator", adversaryLoss)])
  }
}
