internal import Scenes
internal import Torch
public import UniForm

/// One step of one worker, outlined.
struct TrainingOutline {
  /// Elements that learn, those of the same networks that do not, and of networks that are not trained.
  var parameters = 0
  var fixedElements = 0
  var frozenElements = 0
  var step = Workload()

  /// Runs a step of a trainer of one worker, whose parameters have no elements.
  init(_ loop: TrainingLoop, frozen: ParameterStore? = nil, _ step: () throws -> StepResult) throws {
    let stores = loop.model.stores + (loop.adversary?.stores ?? [])
    parameters = stores.reduce(0) { $0 + $1.parameterCount }
    fixedElements = stores.reduce(0) { $0 + $1.entries.reduce(0) { $0 + $1.tensor.count } } - parameters
    frozenElements = frozen?.entries.reduce(0) { $0 + $1.tensor.count } ?? 0
    self.step = try DryRun.measure {
      let result = try step()
      result.loss.backward()
      loop.adversary?.clearGradients(worker: 0)
      result.adversaryLoss?.backward()
    }
  }

  /// What a worker's thread keeps outside of tensors, in the heaps of the C library, as measured: most of it scratch space
  /// of products, whose sizes change with the length of texts where nothing is convolved.
  var keptBytes: Int { (step.operations.convolutions > 0 ? 40 : 180) << 20 }
}

extension TrainingPlan {
  fileprivate init<Recipe>(
    _ configuration: TrainingConfiguration<Recipe>, outline: TrainingOutline, dataBytes: Int = 0,
    cacheBytes: Int = 0, speed: MachineSpeed?, processBytes: Int?
  ) {
    let (settings, workers) = (configuration.optimization, configuration.workers)
    let dtype = settings.activationType(on: configuration.device())
    let size = 4 * outline.parameters
    self.init(
      part: Recipe.subject.rawValue, workers: workers, share: settings.batchSize / workers,
      steps: settings.steps, dtype: "\(dtype)", parameters: outline.parameters,
      parameterBytes: workers * (size + 4 * outline.fixedElements), gradientBytes: workers * size,
      optimizerBytes: 2 * size,
      averageBytes: size,
      activationBytes: workers * (max(0, outline.step.peakBytes - size) + outline.keptBytes),
      dataBytes: dataBytes + 4 * outline.frozenElements,
      processBytes: processBytes ?? GenerationPlan.processBytes, checkpointBytes: 4 * size,
      checkpoints: configuration.checkpoints.countOnDisk(steps: settings.steps),
      weightBytes: 2 * outline.parameters, cacheBytes: cacheBytes,
      secondsPerStep: speed.map { speed in
        // Each worker has its share of the cores. A backward pass has twice the products of its forward pass, and
        // is not counted.
        let threads = max(1, speed.threads / workers)
        let part = speed.seconds(ofOneThread: outline.step, passes: 3) / Double(threads)
        return part * Double(settings.accumulation)
      })
  }

  /// Plans a transformer's training on cached latents.
  ///
  /// - Parameters:
  ///   - clips: in the cache, as many as there will be.
  ///   - tokens: of a caption.
  public init(
    _ model: ModelDirectory, _ configuration: TrainingConfiguration<TransformerRecipe>, clips: Int,
    tokens: Int = 16, speed: MachineSpeed? = nil, processBytes: Int? = nil
  ) throws {
    let geometry = model.geometry
    let frozen = ParameterStore.dryRun()
    let trainer = try Self.trainer(configuration) { settings, context in
      try TransformerTrainer(
        model: model, configuration.recipe, optimization: settings, data: nil, geometry: geometry, workers: 1,
        device: .cpu, context: context, frozenTextEncoder: { try T5Encoder(frozen.root, model.textEncoder) })
    }
    let share = trainer.loop.settings.batchSize
    func posterior(_ shape: [Int]) -> DiagonalGaussian {
      DiagonalGaussian(moments: .empty([share] + shape, device: .outline))
    }
    let moments = LatentShard.momentShapes(geometry)
    let length = min(tokens, model.transformer.maximumTextLength)
    let outline = try TrainingOutline(trainer.loop, frozen: frozen) {
      let batch = LatentBatch(
        video: posterior(moments.video), audio: posterior(moments.audio),
        ids: .ones([share, length], dtype: .int64), mask: .ones([share, length], dtype: .int64), states: nil,
        hasCaption: [Bool](repeating: true, count: share))
      return trainer.loss(.t2av, batch, worker: 0, Self.generators(share))
    }
    // Half precision, and four bytes per token; the files are mapped, so that they take no memory of their own.
    let clipBytes = 2 * (moments.video.reduce(1, *) + moments.audio.reduce(1, *)) + 4 * length
    self.init(
      configuration, outline: outline, cacheBytes: clips * clipBytes, speed: speed, processBytes: processBytes
    )
  }

  /// Plans the training of the video autoencoder on rendered clips.
  public init(
    _ model: ModelDirectory, _ configuration: TrainingConfiguration<VideoVAETrainer.Recipe>,
    speed: MachineSpeed? = nil, processBytes: Int? = nil
  ) throws {
    let g = model.geometry
    let frames = SceneFrames(geometry: .init(), pixels: .zeros([0]), still: .zeros([0]))
    let trainer = try Self.trainer(configuration) { settings, context in
      try VideoVAETrainer(
        model: model, configuration.recipe, optimization: settings, frames: frames, context: context)
    }
    let share = trainer.loop.settings.batchSize
    let outline = try TrainingOutline(trainer.loop) {
      let shape = [g.chunkFrames, g.height, g.width]
      return trainer.loss(
        trainer.replicas[0],
        (
          frames: .empty([share, 3] + shape, device: .outline),
          motion: .empty([share, 1] + shape, device: .outline)
        ), Self.generators(share))
    }
    let picture = 3 * g.height * g.width
    self.init(
      configuration, outline: outline,
      dataBytes: configuration.recipe.clips * (g.keptFrameCount + 1) * picture,
      speed: speed, processBytes: processBytes)
  }

  /// Plans the training of the autoencoder of spectrograms on rendered sounds.
  public init(
    _ model: ModelDirectory, _ configuration: TrainingConfiguration<AudioVAETrainer.Recipe>,
    speed: MachineSpeed? = nil, processBytes: Int? = nil
  ) throws {
    let trainer = try Self.trainer(configuration) { settings, context in
      try AudioVAETrainer(
        model: model, configuration.recipe, optimization: settings, sounds: .none, context: context)
    }
    let share = trainer.loop.settings.batchSize
    let samples = configuration.recipe.windowFrames * model.geometry.hopLength
    let outline = try TrainingOutline(trainer.loop) {
      trainer.loss(trainer.replicas[0], .empty([share, samples], device: .outline), Self.generators(share))
    }
    self.init(
      configuration, outline: outline,
      dataBytes: configuration.recipe.clips * 4 * model.geometry.keptSampleCount, speed: speed,
      processBytes: processBytes)
  }

  /// Plans the training of the vocoder on rendered sounds, with its adversary where it has one.
  public init(
    _ model: ModelDirectory, _ configuration: TrainingConfiguration<VocoderTrainer.Recipe>,
    speed: MachineSpeed? = nil, processBytes: Int? = nil
  ) throws {
    let frozen = ParameterStore.dryRun()
    let trainer = try Self.trainer(configuration) { settings, context in
      try VocoderTrainer(
        model: model, configuration.recipe, optimization: settings, sounds: .none, workers: 1, device: .cpu,
        context: context,
        autoencoder: {
          (
            try AudioVAE.Encoder(frozen.root, model.audioVAE),
            try AudioVAE.Decoder(frozen.root, model.audioVAE)
          )
        })
    }
    let samples = configuration.recipe.windowFrames * model.geometry.hopLength
    let outline = try TrainingOutline(trainer.loop, frozen: frozen) {
      trainer.loss(
        worker: 0, .empty([trainer.loop.settings.batchSize, samples], device: .outline), isJudged: true)
    }
    self.init(
      configuration, outline: outline,
      dataBytes: configuration.recipe.clips * 4 * model.geometry.keptSampleCount, speed: speed,
      processBytes: processBytes)
  }

  /// Plans the training of a judge on rendered clips.
  public init(
    _ configuration: TrainingConfiguration<JudgeTrainer.Recipe>, speed: MachineSpeed? = nil,
    processBytes: Int? = nil
  ) throws {
    let recipe = configuration.recipe
    let trainer = try Self.trainer(configuration) { settings, context in
      try JudgeTrainer(recipe, optimization: settings, lessons: JudgeLessons(recipe.sense), context: context)
    }
    let share = trainer.loop.settings.batchSize
    let (clip, size) = JudgeLessons.shape(recipe.sense)
    let outline = try TrainingOutline(trainer.loop) {
      let batch = JudgeBatch(
        clips: .empty([share] + clip, device: .outline),
        classes: .zeros([share], dtype: .int64, device: .outline),
        events: .empty([share, clip[0]], device: .outline))
      return trainer.loss(worker: 0, batch)
    }
    self.init(
      configuration, outline: outline, dataBytes: recipe.clips * (size * clip.reduce(1, *) + 4 * clip[0]),
      speed: speed, processBytes: processBytes)
  }

  /// A trainer of one worker with what it computes at once.
  private static func trainer<Recipe, Trainer>(
    _ configuration: TrainingConfiguration<Recipe>,
    make: (OptimizationSettings, RunContext) throws -> Trainer
  ) throws -> Trainer {
    var settings = configuration.optimization
    let division = try BatchDivision(
      batchSize: settings.batchSize, group: nil, workers: configuration.workers,
      accumulation: settings.accumulation)
    (settings.batchSize, settings.accumulation) = (settings.batchSize / division.parts, 1)
    // The trainer is built on the CPU; what it computes in is what the device that will train computes in.
    settings.dtype = "\(settings.activationType(on: configuration.device()))"
    var context = RunContext(log: try MetricsLog(title: ""))
    context.makeStore = { _, _ in .dryRun() }
    return try catchingTorchErrors { try make(settings, context) }
  }

  private static func generators(_ count: Int) -> [Generator] {
    (0..<count).map { Generator(seed: UInt64($0)) }
  }
}

extension SceneSounds {
  fileprivate static var none: SceneSounds { SceneSounds(samples: .zeros([0])) }
}
