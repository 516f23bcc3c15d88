public import Torch
public import UniForm

/// Trains the transformer (and, where asked, the text encoder with it) by the paper's recipe: one of the three tasks
/// is drawn per iteration, the condition stays clean, and only what is generated counts in the loss.
public struct TransformerTrainer {
  public struct Configuration: JSONConfiguration {
    /// Relative frequency of the tasks.
    public var taskWeights = ["t2av": 1.0, "a2v": 1.0, "v2a": 1.0]
    /// Whether the text encoder learns too; a pre-trained one stays frozen.
    public var trainsTextEncoder = false
    /// How the times of rectified flow are drawn: "uniform" or "logit_normal".
    public var times = "uniform"
    /// γ of min-SNR weighting for noise prediction; 0 weighs all times alike.
    public var snrGamma = 0.0
    public var optimization = OptimizationSettings()

    public init() {}
    public static let sections: Set<String> = ["optimization", "task_weights"]

    enum CodingKeys: String, CodingKey {
      case times, optimization
      case taskWeights = "task_weights"
      case snrGamma = "snr_gamma"
      case trainsTextEncoder = "train_text_encoder"
    }

    public func validate() throws(ConfigurationError) {
      guard taskWeights.values.allSatisfy({ $0 >= 0 }), taskWeights.values.contains(where: { $0 > 0 }) else {
        throw ConfigurationError("task_weights must not be negative, and one must be positive")
      }
      guard ["uniform", "logit_normal"].contains(times) else {
        throw ConfigurationError("times must be uniform or logit_normal, not \"\(times)\"")
      }
      guard snrGamma >= 0 else { throw ConfigurationError("snr_gamma must not be negative") }
      try optimization.validate()
    }

    /// The task of a uniform draw in 0..<1.
    func task(_ draw: Double) -> GenerationTask {
      let weights = GenerationTask.allCases.map { ($0, taskWeights[$0.rawValue] ?? 0) }
      var rest = draw * weights.reduce(0) { $0 + $1.1 }
      for (task, weight) in weights where weight > 0 {
        rest -= weight
        if rest < 0 { return task }
      }
      return weights.last { $0.1 > 0 }!.0
    }
  }

  public let loop: TrainingLoop
  let configuration: Configuration
  let geometry: ClipGeometry
  let replicas: [UniFormDiT]
  /// One per worker where it is trained too, otherwise the frozen one.
  let textEncoders: [T5Encoder]
  let process: any DiffusionProcess
  let data: LatentDataset?
  let order: EpochOrder

  /// A text encoder that is not trained is loaded from the model directory.
  public init(
    model: ModelDirectory, _ configuration: Configuration, data: LatentDataset, workers: Int, log: MetricsLog
  ) throws {
    try self.init(
      model: model, configuration, data: data, workers: workers, log: log,
      makeStore: { ParameterStore(seed: configuration.optimization.seed) },
      frozenTextEncoder: { try model.loadTextEncoder() })
  }

  /// - Parameters:
  ///   - data: nil where a step is only outlined.
  ///   - makeStore: gives the parameters of each worker.
  ///   - frozenTextEncoder: is asked where the text encoder does not learn.
  init(
    model: ModelDirectory, _ configuration: Configuration, data: LatentDataset?, workers: Int,
    log: MetricsLog,
    makeStore: () -> ParameterStore, frozenTextEncoder: () throws -> T5Encoder
  ) throws {
    self.configuration = configuration
    geometry = data?.geometry ?? model.geometry
    self.data = data
    order = EpochOrder(count: data?.count ?? 1, seed: configuration.optimization.seed)
    process = model.diffusion.process(
      weighting: configuration.snrGamma > 0 ? .minSNR(configuration.snrGamma) : .uniform,
      times: configuration.times == "uniform" ? .uniform : .logitNormal())
    let stores = (0..<workers).map { _ in makeStore() }
    replicas = try stores.map { try UniFormDiT($0.root[Self.transformerPrefix], model.transformer) }
    textEncoders =
      configuration.trainsTextEncoder
      ? try stores.map { try T5Encoder($0.root[Self.textEncoderPrefix], model.textEncoder) }
      : [try frozenTextEncoder()]
    loop = try TrainingLoop(
      stores, configuration: configuration, settings: configuration.optimization, log: log)
  }

  private static let transformerPrefix = "transformer"
  private static let textEncoderPrefix = "text_encoder"

  /// What was trained, averaged, as it goes into the model directory.
  public var trainedParts: [(part: ModelDirectory.Part, tensors: [(name: String, tensor: Tensor)])] {
    let averaged = loop.averagedParameters()
    func named(_ prefix: String) -> [(name: String, tensor: Tensor)] {
      averaged.filter { $0.name.hasPrefix("\(prefix).") }
        .map { (String($0.name.dropFirst(prefix.count + 1)), $0.tensor) }
    }
    let parts: [(ModelDirectory.Part, [(name: String, tensor: Tensor)])] = [
      (.transformer, named(Self.transformerPrefix)), (.textEncoder, named(Self.textEncoderPrefix)),
    ]
    return parts.filter { !$0.1.isEmpty }.map { (part: $0.0, tensors: $0.1) }
  }

  /// Goes on from the weights of another model.
  public func begin(from source: ModelDirectory) throws {
    try loop.begin(with: .transformer, of: source, prefix: "\(Self.transformerPrefix).")
    guard configuration.trainsTextEncoder else { return }
    try loop.begin(with: .textEncoder, of: source, prefix: "\(Self.textEncoderPrefix).")
  }

  public func run(isCancelled: () -> Bool = { false }) throws {
    guard let data else { preconditionFailure("a trainer without clips can only be outlined") }
    let share = configuration.optimization.batchSize / loop.workers
    try loop.run(isCancelled: isCancelled) { [self] worker, step in
      let task = configuration.task(Tensor.rand([1], generator: loop.generator(step: step)).item)
      let clips = order.indices(
        step: step, batchSize: share * loop.workers, worker: worker, of: loop.workers)
      return try loss(
        task, worker: worker, batch: data.batch(clips), generator: loop.generator(worker: worker, step: step))
    }
  }

  func loss(
    _ task: GenerationTask, worker: Int, batch: LatentBatch, generator: Generator
  ) throws -> StepResult {
    let count = batch.count
    let dtype = configuration.optimization.activationType
    let transformer = replicas[worker]
    let plan = NoisePlan(task: task)
    let latents = batch.sample(generator)
    let timesteps = process.drawTimesteps(count, generator: generator)
    let noise = AVLatents.randn(like: latents, generator: generator)
    let input = plan.apply(to: latents, noise: noise, timesteps: timesteps, process: process)
    let states = textStates(batch.ids, batch.mask, worker: worker, dtype: dtype)
    let dropped =
      Tensor.rand([count], generator: generator)
      .< transformer.configuration.captionDropProbability
    let withoutText = dropped.or(Tensor(batch.hasCaption).not)
    let seen = plan.tokenTimesteps(timesteps)
    let rate = Tensor.full([count], Double(geometry.frameRate))
    let output = transformer(
      input, videoTime: transformer.timeEmbedding(seen.video, frameRate: rate, dtype: dtype),
      audioTime: transformer.timeEmbedding(seen.audio, frameRate: rate, dtype: dtype),
      task: Tensor([Int](repeating: plan.task.id, count: count)),
      conditioning: transformer.conditioning(
        states: states, mask: batch.mask, dropped: withoutText, dtype: dtype),
      placement: transformer.placement(
        frames: input.video.size(2), rows: input.video.size(3), columns: input.video.size(4),
        pixels: (geometry.height, geometry.width), device: input.device, dtype: dtype))
    let loss = process.loss(
      of: output, clean: latents, noise: noise, timesteps: timesteps, plan: plan)
    let metrics = loss.terms.sorted { $0.key.rawValue < $1.key.rawValue }.map { modality, terms in
      ("\(plan.task.rawValue)_\(modality.rawValue)", terms.squaredError.mean)
    }
    return StepResult(loss: loss.mean, metrics: metrics)
  }
  private func textStates(_ ids: Tensor, _ mask: Tensor, worker: Int, dtype: DType) -> Tensor {
    guard configuration.trainsTextEncoder else {
      return withoutGradient { textEncoders[0](ids, mask: mask, dtype: dtype).hiddenStates }
    }
    return textEncoders[worker](ids, mask: mask, dtype: dtype).hiddenStates
  }
}
