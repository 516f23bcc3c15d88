internal import Torch
public import UniForm

/// Trains the autoencoder of log-mel spectrograms on windows of rendered sound.
///
/// Loss: absolute error in nepers plus the divergence of the posterior.
public struct AudioVAETrainer {
  public struct Configuration: JSONConfiguration {
    /// Rendered clips in memory.
    public var clips = 4_000
    /// Mel frames per training window.
    public var windowFrames = 96
    public var divergenceWeight = 2e-3
    public var optimization = OptimizationSettings()

    public init() {}

    public func validate() throws(ConfigurationError) {
      try optimization.validate()
      guard clips > 0, windowFrames > 0, divergenceWeight >= 0 else {
        throw ConfigurationError("clips and window_frames must be positive, divergence_weight not negative")
      }
    }

    public static let sections: Set<String> = ["optimization"]

    enum CodingKeys: String, CodingKey {
      case clips, optimization
      case windowFrames = "window_frames"
      case divergenceWeight = "divergence_weight"
    }
  }

  public let loop: TrainingLoop
  let configuration: Configuration
  let geometry: ClipGeometry
  let replicas: [AudioVAE]
  let sounds: SceneSounds
  let mel: MelSpectrogram

  public init(
    model: ModelDirectory, _ configuration: Configuration, sounds: SceneSounds, workers: Int, log: MetricsLog
  ) throws {
    try self.init(model: model, configuration, sounds: sounds, workers: workers, log: log) {
      ParameterStore(seed: configuration.optimization.seed)
    }
  }

  /// - Parameter makeStore: gives the parameters of each worker.
  init(
    model: ModelDirectory, _ configuration: Configuration, sounds: SceneSounds, workers: Int, log: MetricsLog,
    makeStore: () -> ParameterStore
  ) throws {
    self.configuration = configuration
    geometry = model.geometry
    self.sounds = sounds
    self.mel = try MelSpectrogram(model.mel)
    let stores = (0..<workers).map { _ in makeStore() }
    // The network learns the bare code; its scale is measured at the end.
    var bare = model.audioVAE
    bare.scalingFactor = 1
    replicas = try stores.map { try AudioVAE($0.root, bare) }
    loop = try TrainingLoop(
      stores, configuration: configuration, settings: configuration.optimization, log: log)
  }

  /// Goes on from the weights of another model.
  public func begin(from source: ModelDirectory) throws { try loop.begin(with: .audioVAE, of: source) }

  public func run(isCancelled: () -> Bool = { false }) throws {
    let share = configuration.optimization.batchSize / loop.workers
    try loop.run(isCancelled: isCancelled) { [self] worker, step in
      let generator = loop.generator(worker: worker, step: step)
      let waveform = sounds.windows(
        share, length: configuration.windowFrames * geometry.hopLength, generator: generator)
      return loss(replicas[worker], waveform, generator: generator)
    }
  }

  /// - Parameter waveform: `[B, N]`.
  func loss(_ model: AudioVAE, _ waveform: Tensor, generator: Generator) -> StepResult {
    let dtype = configuration.optimization.activationType
    let target = withoutGradient {
      mel(waveform).narrowed(1, start: 0, length: configuration.windowFrames).unsqueezed(1)  // [B, 1, T, M]
    }
    let posterior = model.encoder(target.to(dtype))
    let decoded = model.decode(posterior.sample(generator).to(dtype)).to(.float32)
    let error = (decoded - target).abs.mean
    let divergence = posterior.divergence
    return StepResult(
      loss: error + divergence * configuration.divergenceWeight,
      metrics: [("mel_error", error), ("divergence", divergence)])
  }
}

extension AudioVAETrainer {
  /// Standard deviation of the bare code over whole clips, with the averaged weights.
  public func latentDeviation(clips: Int) -> Double {
    loop.average.applied {
      withoutGradient {
        let generator = loop.generator(worker: 0, step: -1)
        let waveform = sounds.windows(
          clips, length: geometry.sampleCount, generator: generator)
        let frames = mel(waveform).narrowed(1, start: 0, length: geometry.melFrameCount)
        let latents = replicas[0].encode(frames.unsqueezed(1))
        return latents.standardDeviation([0, 1, 2, 3]).item
      }
    }
  }
}
