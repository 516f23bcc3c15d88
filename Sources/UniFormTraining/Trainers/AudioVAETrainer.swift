public import Torch
public import UniForm

/// Trains the autoencoder of log-mel spectrograms on windows of rendered sound.
///
/// Loss: absolute error in nepers plus the divergence of the posterior.
public struct AudioVAETrainer {
  public struct Recipe: TrainingRecipe {
    public static let subject = TrainingSubject.audioVAE
    /// Rendered clips in memory.
    public var clips = 4_000
    /// Mel frames per training window.
    public var windowFrames = 96
    public var divergenceWeight = 2e-3

    public init() {}

    public func validate() throws(ConfigurationError) {
      guard clips > 0, windowFrames > 0, divergenceWeight >= 0 else {
        throw ConfigurationError("clips and window_frames must be positive, divergence_weight not negative")
      }
    }

    enum CodingKeys: String, CodingKey {
      case clips
      case windowFrames = "window_frames"
      case divergenceWeight = "divergence_weight"
    }
  }

  public let loop: TrainingLoop
  let recipe: Recipe
  let device: Device
  let geometry: ClipGeometry
  let replicas: [AudioVAE]
  let sounds: SceneSounds
  let mel: MelSpectrogram

  /// - Throws: `ConfigurationError` for a window that the autoencoder cannot halve as often as it does.
  public init(
    model: ModelDirectory, _ recipe: Recipe, optimization: OptimizationSettings, sounds: SceneSounds,
    workers: Int = 1,
    device: Device = .cpu, context: RunContext
  ) throws {
    try SceneSounds.check(
      windowFrames: recipe.windowFrames, model.geometry, reduction: model.audioVAE.reduction[0])
    self.recipe = recipe
    self.device = device
    geometry = model.geometry
    self.sounds = sounds
    self.mel = try MelSpectrogram(model.mel)
    let stores = (0..<workers).map { _ in context.makeStore(context.seed, device) }
    replicas = try stores.map { try AudioVAE($0.root, Self.bare(model.audioVAE)) }
    loop = try TrainingLoop(stores, settings: optimization, context: context)
  }

  /// The network learns the bare code; its scale is measured at the end.
  public static func bare(_ configuration: AudioVAE.Configuration) -> AudioVAE.Configuration {
    var bare = configuration
    bare.scalingFactor = 1
    return bare
  }

  /// Goes on from the weights of another model.
  public func begin(from source: ModelDirectory) throws { try loop.begin(with: .audioVAE, of: source) }

  /// - Returns: whether all steps are done.
  @discardableResult public func run() throws -> Bool {
    try loop.run { [self] part in
      let generators = part.generators
      let waveform = sounds.windows(length: recipe.windowFrames * geometry.hopLength, generators)
      return loss(replicas[part.worker], waveform.to(device), generators)
    }
  }

  /// - Parameter waveform: `[B, N]`.
  func loss(_ model: AudioVAE, _ waveform: Tensor, _ generators: [Generator]) -> StepResult {
    let dtype = loop.settings.activationType(on: device)
    let target = withoutGradient {
      mel(waveform).narrowed(1, start: 0, length: recipe.windowFrames).unsqueezed(1)  // [B, 1, T, M]
    }
    let posterior = model.encoder(target.to(dtype))
    let latents = posterior.sample(noise: generators.noise(like: posterior.mean))  // [B, 8, t, m]
    let decoded = model.decode(latents.to(dtype)).to(.float32)
    let error = (decoded - target).abs.mean
    let divergence = posterior.divergence
    return StepResult(
      loss: error + divergence * recipe.divergenceWeight,
      metrics: [("mel_error", error), ("divergence", divergence)])
  }
}

extension AudioVAETrainer {
  /// Standard deviation of the bare code over whole clips, with the averaged weights.
  public func latentDeviation(clips: Int) throws -> Double {
    try loop.withAverages {
      withoutGradient {
        let generators = loop.measuringGenerators(count: clips)
        // One by one: all together would take more memory than any step.
        let latents = generators.map { generator in
          let waveform = sounds.windows(length: geometry.sampleCount, [generator]).to(device)
          let frames = mel(waveform).narrowed(1, start: 0, length: geometry.melFrameCount)
          return replicas[0].encode(frames.unsqueezed(1))
        }
        return Tensor.concatenate(latents, axis: 0).standardDeviation([0, 1, 2, 3]).item
      }
    }
  }
}
