internal import Scenes
internal import Torch
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
    public var optimization = OptimizationSettings()

    public init() {}

    public func validate() throws(ConfigurationError) {
      try optimization.validate()
      guard clips > 0, motionWeight >= 0, divergenceWeight >= 0 else {
        throw ConfigurationError("clips must be positive, the weights not negative")
      }
    }

    public static let sections: Set<String> = ["optimization"]

    enum CodingKeys: String, CodingKey {
      case clips, optimization
      case motionWeight = "motion_weight"
      case divergenceWeight = "divergence_weight"
    }
  }

  public let loop: TrainingLoop
  let configuration: Configuration
  let geometry: ClipGeometry
  let replicas: [VideoVAE]
  let frames: SceneFrames

  public init(
    model: ModelDirectory, _ configuration: Configuration, frames: SceneFrames, workers: Int,
    log: MetricsLog
  ) throws {
    try self.init(model: model, configuration, frames: frames, workers: workers, log: log) {
      ParameterStore(seed: configuration.optimization.seed)
    }
  }

  /// - Parameter makeStore: gives the parameters of each worker.
  init(
    model: ModelDirectory, _ configuration: Configuration, frames: SceneFrames, workers: Int,
    log: MetricsLog, makeStore: () -> ParameterStore
  ) throws {
    self.configuration = configuration
    geometry = model.geometry
    self.frames = frames
    let stores = (0..<workers).map { _ in makeStore() }
    // The network learns the bare code; its normalisation is measured at the end.
    var bare = model.videoVAE
    bare.scale = bare.scale.map { _ in 1 }
    bare.shift = bare.shift.map { _ in 0 }
    replicas = try stores.map { try VideoVAE($0.root, bare) }
    loop = try TrainingLoop(
      stores, configuration: configuration, settings: configuration.optimization, log: log)
  }

  /// Goes on from the weights of another model; the normalisation of its code is measured anew.
  public func begin(from source: ModelDirectory) throws {
    try loop.begin(with: .videoVAE, of: source, keeping: ["scale", "shift"])
  }

  public func run(isCancelled: () -> Bool = { false }) throws {
    let share = configuration.optimization.batchSize / loop.workers
    try loop.run(isCancelled: isCancelled) { [self] worker, step in
      let generator = loop.generator(worker: worker, step: step)
      let batch = frames.windows(share, length: geometry.chunkFrames, generator: generator)
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

extension VideoVAETrainer {
  /// Mean and standard deviation of each channel of the bare code over random chunks, with the averaged weights.
  public func latentMoments(chunks: Int) -> [(mean: Double, deviation: Double)] {
    loop.average.applied {
      withoutGradient {
        let generator = loop.generator(worker: 0, step: -1)
        let latents = (0..<chunks).map { _ in
          replicas[0].encode(
            frames.windows(1, length: geometry.chunkFrames, generator: generator).frames)
        }
        let all = Tensor.concatenate(latents, axis: 0)  // [N, z, t, h, w]
        let mean = all.mean([0, 2, 3, 4]).values(as: Double.self)
        let deviation = all.standardDeviation([0, 2, 3, 4]).values(as: Double.self)
        return zip(mean, deviation).map { ($0, $1) }
      }
    }
  }
}
