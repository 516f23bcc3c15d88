internal import Scenes
internal import Torch
public import UniForm

/// One step of one worker, outlined.
struct TrainingOutline {
  /// Elements that learn, and of tensors that do not.
  var parameters = 0
  var frozenElements = 0
  var step = Workload()

  /// Runs a step of a trainer of one worker, whose parameters have no elements.
  init(_ loop: TrainingLoop, frozen: ParameterStore? = nil, _ step: () throws -> StepResult) throws {
    let stores = loop.model.stores + (loop.adversary?.stores ?? [])
    parameters = stores.reduce(0) { $0 + $1.parameterCount }
    frozenElements = frozen?.entries.reduce(0) { $0 + $1.tensor.count } ?? 0
    self.step = try DryRun.measure {
      let result = try step()
      result.loss.backward()
      loop.adversary?.clearGradients(worker: 0)
      result.adversaryLoss?.backward()
    }
  }
}

extension TrainingPlan {
  init(
    part: String, settings: OptimizationSettings, workers: Int, outline: TrainingOutline, dataBytes: Int = 0,
    cacheBytes: Int = 0, speed: MachineSpeed?, processBytes: Int?
  ) {
    let size = 4 * outline.parameters
    self.init(
      part: part, workers: workers, share: settings.batchSize / workers, steps: settings.steps,
      dtype: settings.dtype, parameters: outline.parameters, parameterBytes: workers * size,
      gradientBytes: workers * size, optimizerBytes: 2 * size, averageBytes: size,
      activationBytes: workers * (max(0, outline.step.peakBytes - size) + Self.keptByWorker),
      dataBytes: dataBytes + 4 * outline.frozenElements,
      processBytes: processBytes ?? GenerationPlan.processBytes, checkpointBytes: 4 * size,
      weightBytes: 2 * outline.parameters, cacheBytes: cacheBytes,
      secondsPerStep: speed.map { speed in
        // Each worker has its share of the cores. A backward pass has twice the products of its forward pass, and
        // is not counted.
        let threads = max(1, speed.threads / workers)
        return speed.seconds(ofOneThread: outline.step, passes: 3) / Double(threads)
      })
  }

  /// What a worker's thread keeps: generated code of both passes, and memory that the allocator holds back. As measured.
  private static let keptByWorker = 104 << 20

  /// Plans a transformer's training on cached latents.
  ///
  /// - Parameters:
  ///   - clips: in the cache, as many as there will be.
  ///   - tokens: of a caption.
  public init(
    _ model: ModelDirectory, _ configuration: TransformerTrainer.Configuration, workers: Int, clips: Int,
    tokens: Int = 16, speed: MachineSpeed? = nil, processBytes: Int? = nil
  ) throws {
    let settings = configuration.optimization
    let geometry = model.geometry
    let length = min(tokens, model.transformer.maximumTextLength)
    let moments = LatentShard.momentShapes(geometry)
    let frozen = ParameterStore.dryRun()
    let trainer = try Self.trainer(settings, workers: workers) { settings in
      var single = configuration
      single.optimization = settings
      return try TransformerTrainer(
        model: model, single, data: nil, workers: 1, log: .silent, makeStore: { .dryRun() },
        frozenTextEncoder: { try T5Encoder(frozen.root, model.textEncoder) })
    }
    let outline = try TrainingOutline(trainer.loop, frozen: frozen) {
      let batch = LatentBatch(outlineOf: settings.batchSize / workers, moments, tokens: length)
      return try trainer.loss(.t2av, worker: 0, batch: batch, generator: Generator(seed: 1))
    }
    // Half precision, and four bytes per token; the files are mapped, so that they take no memory of their own.
    let clipBytes = 2 * (moments.video.reduce(1, *) + moments.audio.reduce(1, *)) + 4 * length
    self.init(
      part: "transformer", settings: settings, workers: workers, outline: outline,
      cacheBytes: clips * clipBytes, speed: speed, processBytes: processBytes)
  }

  /// Plans the training of the video autoencoder on rendered clips.
  public init(
    _ model: ModelDirectory, _ configuration: VideoVAETrainer.Configuration, workers: Int,
    speed: MachineSpeed? = nil, processBytes: Int? = nil
  ) throws {
    let settings = configuration.optimization
    let g = model.geometry
    let frames = SceneFrames(geometry: .init(), pixels: .zeros([0]), still: .zeros([0]))
    let trainer = try Self.trainer(settings, workers: workers) { settings in
      var single = configuration
      single.optimization = settings
      return try VideoVAETrainer(model: model, single, frames: frames, workers: 1, log: .silent) { .dryRun() }
    }
    let share = settings.batchSize / workers
    let outline = try TrainingOutline(trainer.loop) {
      let shape = [g.chunkFrames, g.height, g.width]
      return trainer.loss(
        trainer.replicas[0],
        (
          frames: .empty([share, 3] + shape, device: .outline),
          motion: .empty([share, 1] + shape, device: .outline)
        ), generator: Generator(seed: 1))
    }
    let picture = 3 * g.height * g.width
    self.init(
      part: "video-vae", settings: settings, workers: workers, outline: outline,
      dataBytes: configuration.clips * (g.keptFrameCount + 1) * picture, speed: speed,
      processBytes: processBytes)
  }

  /// Plans the training of the autoencoder of spectrograms on rendered sounds.
  public init(
    _ model: ModelDirectory, _ configuration: AudioVAETrainer.Configuration, workers: Int,
    speed: MachineSpeed? = nil, processBytes: Int? = nil
  ) throws {
    let settings = configuration.optimization
    let trainer = try Self.trainer(settings, workers: workers) { settings in
      var single = configuration
      single.optimization = settings
      return try AudioVAETrainer(model: model, single, sounds: .none, workers: 1, log: .silent) { .dryRun() }
    }
    let samples = configuration.windowFrames * model.geometry.hopLength
    let outline = try TrainingOutline(trainer.loop) {
      trainer.loss(
        trainer.replicas[0], .empty([settings.batchSize / workers, samples], device: .outline),
        generator: Generator(seed: 1))
    }
    self.init(
      part: "audio-vae", settings: settings, workers: workers, outline: outline,
      dataBytes: configuration.clips * 4 * model.geometry.keptSampleCount, speed: speed,
      processBytes: processBytes)
  }

  /// Plans the training of the vocoder on rendered sounds, with its adversary where it has one.
  public init(
    _ model: ModelDirectory, _ configuration: VocoderTrainer.Configuration, workers: Int,
    speed: MachineSpeed? = nil, processBytes: Int? = nil
  ) throws {
    let settings = configuration.optimization
    let trainer = try Self.trainer(settings, workers: workers) { settings in
      var single = configuration
      single.optimization = settings
      return try VocoderTrainer(model: model, single, sounds: .none, workers: 1, log: .silent) { _ in
        .dryRun()
      }
    }
    let samples = configuration.windowFrames * model.geometry.hopLength
    let outline = try TrainingOutline(trainer.loop) {
      trainer.loss(
        worker: 0, .empty([settings.batchSize / workers, samples], device: .outline), isJudged: true)
    }
    self.init(
      part: "vocoder", settings: settings, workers: workers, outline: outline,
      dataBytes: configuration.clips * 4 * model.geometry.keptSampleCount, speed: speed,
      processBytes: processBytes)
  }

  /// A trainer of one worker with its share of the batch.
  private static func trainer<Trainer>(
    _ settings: OptimizationSettings, workers: Int, make: (OptimizationSettings) throws -> Trainer
  ) throws -> Trainer {
    guard settings.batchSize % workers == 0, workers <= TrainingLoop.maximumWorkers else {
      throw TrainingError(
        "a batch of \(settings.batchSize) does not divide among \(workers) workers"
          + " (\(TrainingLoop.maximumWorkers) at most)")
    }
    var single = settings
    single.batchSize /= workers
    return try catchingTorchErrors { try make(single) }
  }
}

extension LatentBatch {
  /// Clips without elements.
  fileprivate init(outlineOf count: Int, _ moments: PerModality<[Int]>, tokens: Int) {
    func posterior(_ shape: [Int]) -> DiagonalGaussian {
      DiagonalGaussian(moments: .empty([count] + shape, device: .outline))
    }
    self.init(
      video: posterior(moments.video), audio: posterior(moments.audio),
      ids: .ones([count, tokens], dtype: .int64), mask: .ones([count, tokens], dtype: .int64), states: nil,
      hasCaption: [Bool](repeating: true, count: count))
  }
}

extension SceneSounds {
  fileprivate static var none: SceneSounds { SceneSounds(samples: .zeros([0])) }
}
