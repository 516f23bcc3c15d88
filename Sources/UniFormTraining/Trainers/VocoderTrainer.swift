internal import Foundation
public import Torch
public import UniForm

/// Trains the vocoder on windows of rendered sound: mel and spectrum distances first, then also against a
/// discriminator of spectra.
public struct VocoderTrainer {
  public struct Recipe: TrainingRecipe {
    public static let subject = TrainingSubject.vocoder
    /// Rendered clips in memory.
    public var clips = 4_000
    /// Mel frames per training window.
    public var windowFrames = 48
    /// Share of the run after which the discriminator joins; 1 leaves it out.
    public var adversaryFrom = 0.5
    public var discriminatorChannels = 16
    public var melWeight = 45.0
    public var spectrumWeight = 1.0
    /// The log-mel below which hardly anything counts.
    public var melFloor = MelSpectrogram.silence
    /// Whether it is given what the model's audio autoencoder leaves of a spectrogram, as in a generated clip.
    public var throughAutoencoder = false

    public init() {}

    public func validate() throws(ConfigurationError) {
      guard clips > 0, windowFrames > 0, discriminatorChannels > 0 else {
        throw ConfigurationError("clips, window_frames and discriminator_channels must be positive")
      }
      guard (0...1).contains(adversaryFrom), melWeight >= 0, spectrumWeight >= 0 else {
        throw ConfigurationError("adversary_from must lie in 0...1, the weights must not be negative")
      }
      guard (MelSpectrogram.silence...0).contains(melFloor) else {
        throw ConfigurationError("mel_floor must lie in \(MelSpectrogram.silence)...0, not be \(melFloor)")
      }
    }

    public var dependsOnLength: Bool { adversaryFrom < 1 }

    /// The magnitude of a flat spectrum whose log-mel is the floor: a mel filter has unit area in hertz and sums bins.
    func magnitudeFloor(_ mel: MelSpectrogram.Configuration) -> Double {
      let binWidth = Double(mel.sampleRate) / Double(mel.transformLength)
      return max(SpectrumLoss.publishedFloor, exp(melFloor) * binWidth)
    }

    enum CodingKeys: String, CodingKey {
      case clips
      case windowFrames = "window_frames"
      case adversaryFrom = "adversary_from"
      case discriminatorChannels = "discriminator_channels"
      case melWeight = "mel_weight"
      case spectrumWeight = "spectrum_weight"
      case melFloor = "mel_floor"
      case throughAutoencoder = "through_autoencoder"
    }
  }

  public let loop: TrainingLoop
  let recipe: Recipe
  let device: Device
  let geometry: ClipGeometry
  let replicas: [HiFiGAN]
  let discriminators: [MultiResolutionDiscriminator]
  let sounds: SceneSounds
  let mel: MelSpectrogram
  private let autoencoder: FrozenAutoencoder?
  let losses: VocoderLoss

  /// The two halves of an audio autoencoder that does not learn.
  typealias FrozenAutoencoder = (encoder: AudioVAE.Encoder, decoder: AudioVAE.Decoder)

  /// - Throws: `ConfigurationError` for a window that the autoencoder cannot halve as often as it does, `WeightError`
  ///   where the recipe needs its weights and they cannot be read.
  public init(
    model: ModelDirectory, _ recipe: Recipe, optimization: OptimizationSettings, sounds: SceneSounds,
    workers: Int = 1, device: Device = .cpu, context: RunContext
  ) throws {
    try self.init(
      model: model, recipe, optimization: optimization, sounds: sounds, workers: workers, device: device,
      context: context,
      autoencoder: {
        (
          try model.loadAudioEncoder(device: device, forInference: true),
          try model.loadAudioDecoder(device: device, forInference: true)
        )
      })
  }

  /// - Parameter autoencoder: is asked where the recipe needs one.
  init(
    model: ModelDirectory, _ recipe: Recipe, optimization: OptimizationSettings, sounds: SceneSounds,
    workers: Int, device: Device, context: RunContext, autoencoder: () throws -> FrozenAutoencoder
  ) throws {
    try SceneSounds.check(
      windowFrames: recipe.windowFrames, model.geometry,
      reduction: recipe.throughAutoencoder ? model.audioVAE.reduction[0] : 1)
    self.recipe = recipe
    self.autoencoder = recipe.throughAutoencoder ? try withoutGradient(autoencoder) : nil
    self.device = device
    geometry = model.geometry
    self.sounds = sounds
    mel = try MelSpectrogram(model.mel)
    var weights = VocoderLoss.Configuration()
    weights.mel = recipe.melWeight
    weights.spectrum = recipe.spectrumWeight
    weights.floor = recipe.melFloor
    losses = VocoderLoss(
      weights, mel: mel, spectrum: try SpectrumLoss(magnitudeFloor: recipe.magnitudeFloor(model.mel)))
    let stores = (0..<workers).map { _ in context.makeStore(context.seed, device) }
    replicas = try stores.map { try HiFiGAN($0.root, model.vocoder) }
    let adversaries =
      recipe.adversaryFrom < 1
      ? (0..<workers).map { _ in context.makeStore(context.seed &+ 1, device) } : []
    discriminators = try adversaries.map {
      try MultiResolutionDiscriminator($0.root, .init(channels: recipe.discriminatorChannels))
    }
    loop = try TrainingLoop(stores, adversary: adversaries, settings: optimization, context: context)
  }

  /// Training does not see what follows the network.
  public static func bare(_ configuration: HiFiGAN.Configuration) -> HiFiGAN.Configuration {
    var bare = configuration
    bare.refinementSteps = 0
    return bare
  }

  /// Goes on from the weights of another model; a discriminator starts anew.
  public func begin(from source: ModelDirectory) throws { try loop.begin(with: .vocoder, of: source) }

  /// - Returns: whether all steps are done.
  @discardableResult public func run() throws -> Bool {
    try loop.run { [self] part in
      let real = sounds.windows(length: recipe.windowFrames * geometry.hopLength, part.generators).to(device)
      return loss(worker: part.worker, real, isJudged: loop.progress >= recipe.adversaryFrom)
    }
  }

  /// The log-mel `[B, T, M]` that the vocoder is given.
  private func heard(_ mel: Tensor) -> Tensor {
    guard let autoencoder else { return mel }
    return autoencoder.decoder(autoencoder.encoder(mel.unsqueezed(1)).mode).squeezed(1)
  }

  /// - Parameters:
  ///   - real: `[B, N]`.
  ///   - isJudged: whether the discriminators take part.
  func loss(worker: Int, _ real: Tensor, isJudged: Bool) -> StepResult {
    let input = withoutGradient {
      heard(mel(real).narrowed(1, start: 0, length: recipe.windowFrames))  // [B, T, M]
    }
    let generated = replicas[worker].vocode(input)  // [B, N]
    let (reconstruction, distance) = losses.reconstruction(generated, real)
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
