internal import Foundation
internal import Scenes
public import Torch
public import UniForm

/// Trains the video autoencoder end to end on 17-frame chunks.
///
/// Loss: absolute plus squared error, heavier where the picture moves (small moving things are erased otherwise),
/// plus the divergence of the posterior.
public struct VideoVAETrainer {
  public struct Recipe: TrainingRecipe {
    public static let subject = TrainingSubject.videoVAE
    /// Rendered clips in memory.
    public var clips = 2_000
    /// Extra weight of a pixel that moves.
    public var motionWeight = 5.0
    public var divergenceWeight = 2e-3
    /// Of the common logarithm of each window's mean squared error: a tenth of its decibels, so that an easy window
    /// counts as much as a hard one.
    public var psnrWeight = 0.0
    /// Keeps the encoder as it is, and with it all latents and the transformers that were trained on them.
    public var decoderOnly = false

    public init() {}

    public func validate() throws(ConfigurationError) {
      guard clips > 0, motionWeight >= 0, divergenceWeight >= 0, psnrWeight >= 0 else {
        throw ConfigurationError("clips must be positive, the weights not negative")
      }
    }

    enum CodingKeys: String, CodingKey {
      case clips
      case motionWeight = "motion_weight"
      case divergenceWeight = "divergence_weight"
      case psnrWeight = "psnr_weight"
      case decoderOnly = "decoder_only"
    }
  }

  public let loop: TrainingLoop
  let recipe: Recipe
  let device: Device
  let geometry: ClipGeometry
  let replicas: [VideoVAE]
  let frames: SceneFrames

  public init(
    model: ModelDirectory, _ recipe: Recipe, optimization: OptimizationSettings, frames: SceneFrames,
    workers: Int = 1,
    device: Device = .cpu, context: RunContext
  ) throws {
    self.recipe = recipe
    self.device = device
    geometry = model.geometry
    self.frames = frames
    let stores = (0..<workers).map { _ in context.makeStore(context.seed, device) }
    replicas = try stores.map { try VideoVAE($0.root, Self.bare(model.videoVAE)) }
    for store in stores where recipe.decoderOnly { store.frozenPrefixes = VideoVAE.Encoder.parameterPrefixes }
    loop = try TrainingLoop(stores, settings: optimization, context: context)
  }

  /// The network learns the bare code; its normalisation is measured at the end.
  public static func bare(_ configuration: VideoVAE.Configuration) -> VideoVAE.Configuration {
    var bare = configuration
    bare.scale = bare.scale.map { _ in 1 }
    bare.shift = bare.shift.map { _ in 0 }
    return bare
  }

  /// Goes on from the weights of another model; the normalisation of its code is measured anew.
  public func begin(from source: ModelDirectory) throws {
    try loop.begin(with: .videoVAE, of: source, keeping: ["scale", "shift"])
  }

  /// - Returns: whether all steps are done.
  @discardableResult public func run() throws -> Bool {
    try loop.run { [self] part in
      let generators = part.generators
      let batch = frames.windows(length: geometry.chunkFrames, generators)
      return loss(
        replicas[part.worker], (batch.frames.to(device), batch.motion.to(device)), generators)
    }
  }

  func loss(
    _ model: VideoVAE, _ batch: (frames: Tensor, motion: Tensor), _ generators: [Generator]
  ) -> StepResult {
    let frames = batch.frames.to(loop.settings.activationType(on: device))
    // The inner code is a plain bottleneck here; only the outer posterior is sampled.
    let posterior = model.encoder(frames)
    let decoded = model.decode(
      posterior.sample(noise: generators.noise(like: posterior.mean)).to(frames.dtype), frames: frames.size(2)
    ).to(.float32)
    let error = (decoded - batch.frames).abs  // [B, 3, T, H, W]
    let weight = batch.motion * recipe.motionWeight + 1  // [B, 1, T, H, W]
    // Clip by clip, so that the mean over a batch is the mean over its parts.
    let squared = error.squared
    let perClip = ((error + squared) * weight).mean([1, 2, 3, 4]) / weight.mean([1, 2, 3, 4])  // [B]
    let reconstruction = perClip.mean
    let divergence = posterior.divergence
    let logarithm = meanSquaredErrorLogarithm(squared)
    return StepResult(
      loss: reconstruction + divergence * recipe.divergenceWeight + logarithm * recipe.psnrWeight,
      clipLosses: perClip,
      metrics: [
        ("reconstruction", reconstruction), ("mse", squared.mean), ("divergence", divergence),
        ("psnr", logarithm * -10 + 10 * log10(4)),  // the peak is 2, from −1 to 1
      ])
  }

  /// The mean over windows of the common logarithm of their mean squared error, which ends where rounding to bytes
  /// begins.
  func meanSquaredErrorLogarithm(_ squared: Tensor) -> Tensor {
    ((squared.mean([1, 2, 3, 4]) + Self.roundingError).log / log(10)).mean
  }

  /// The mean squared error of rounding to one of 256 values in −1…1.
  private static let roundingError = (2.0 / 255) * (2.0 / 255) / 12
}

extension VideoVAETrainer {
  /// Mean and standard deviation of each channel of the bare code over random chunks, with the averaged weights.
  public func latentMoments(chunks: Int) throws -> [(mean: Double, deviation: Double)] {
    try loop.withAverages {
      withoutGradient {
        let generators = loop.measuringGenerators(count: chunks)
        let latents = generators.map {
          replicas[0].encode(frames.windows(length: geometry.chunkFrames, [$0]).frames.to(device))
        }
        let all = Tensor.concatenate(latents, axis: 0)  // [N, z, t, h, w]
        let mean = all.mean([0, 2, 3, 4]).values(as: Double.self)
        let deviation = all.standardDeviation([0, 2, 3, 4]).values(as: Double.self)
        return zip(mean, deviation).map { ($0, $1) }
      }
    }
  }
}
