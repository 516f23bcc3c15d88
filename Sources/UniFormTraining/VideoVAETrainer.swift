public import Scenes
public import Torch
public import UniForm

/// Trains the video autoencoder end to end on 17-frame chunks.
///
/// Loss: absolute plus squared error, heavier where the picture moves (small moving things are erased otherwise),
/// plus the divergence of the posterior.
public struct VideoVAETrainer {
  public struct Configuration: JSONConfiguration {
    /// Rendered clips in memory.
    public var clips = 2_000
    /// Extra weight of a pixel that moves.
    public var motionWeight = 5.0
    public var divergenceWeight = 2e-3
    public var geometry = ClipGeometry()
    public var optimization = OptimizationSettings()

    public init() {}
    public static let sections: Set<String> = ["geometry", "optimization"]

    enum CodingKeys: String, CodingKey {
      case clips, geometry, optimization
      case motionWeight = "motion_weight"
      case divergenceWeight = "divergence_weight"
    }
  }

  public let loop: TrainingLoop
  let configuration: Configuration
  let replicas: [VideoVAE]
  let frames: SceneFrames

  public init(
    model: VideoVAE.Configuration, _ configuration: Configuration, frames: SceneFrames, workers: Int,
    log: MetricsLog
  ) throws {
    self.configuration = configuration
    self.frames = frames
    let stores = (0..<workers).map { _ in ParameterStore(seed: configuration.optimization.seed) }
    replicas = try stores.map { try VideoVAE($0.root, model) }
    loop = TrainingLoop(stores, settings: configuration.optimization, log: log)
  }

  public func run(isCancelled: () -> Bool = { false }) throws {
    let share = max(1, configuration.optimization.batchSize / loop.workers)
    try loop.run(isCancelled: isCancelled) { [self] worker, step in
      let generator = loop.generator(worker: worker, step: step)
      let batch = frames.windows(share, length: configuration.geometry.chunkFrames, generator: generator)
      return loss(replicas[worker], batch, generator: generator)
    }
  }

  func loss(
    _ model: VideoVAE, _ batch: (frames: Tensor, motion: Tensor), generator: Generator
  ) -> StepResult {
    let frames = batch.frames.to(configuration.optimization.activationType)
    // The inner code is a plain bottleneck here; only the outer posterior is sampled.
    let posterior = model.encoder(frames)
    let decoded = model.decode(
      posterior.sample(generator).to(frames.dtype), frames: frames.size(2)
    ).to(.float32)
    let error = (decoded - batch.frames).abs  // [B, 3, T, H, W]
    let weight = batch.motion * configuration.motionWeight + 1  // [B, 1, T, H, W]
    let reconstruction = ((error + error.squared) * weight).mean / weight.mean
    let divergence = posterior.divergence
    return StepResult(
      loss: reconstruction + divergence * configuration.divergenceWeight,
      metrics: [("reconstruction", reconstruction), ("mse", error.squared.mean), ("divergence", divergence)])
  }
}
