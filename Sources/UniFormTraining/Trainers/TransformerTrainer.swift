public import Torch
public import UniForm

/// Trains the transformer (and, where asked, the text encoder with it) by the paper's recipe: one of the three tasks
/// is drawn per iteration, the condition stays clean, and only what is generated counts in the loss.
public struct TransformerTrainer {
  public let loop: TrainingLoop
  let recipe: TransformerRecipe
  let geometry: ClipGeometry
  let replicas: [UniFormDiT]
  /// One per worker where it is trained too, otherwise the frozen one; none where the data have its states.
  let textEncoders: [T5Encoder]
  let process: any DiffusionProcess
  let data: LatentDataset?
  let order: EpochOrder
  let device: Device

  /// A text encoder that is not trained is loaded from the model directory, unless the data have its states.
  public init(
    model: ModelDirectory, _ recipe: TransformerRecipe, optimization: OptimizationSettings,
    data: LatentDataset, workers: Int = 1, device: Device = .cpu, context: RunContext
  ) throws {
    try self.init(
      model: model, recipe, optimization: optimization, data: data, geometry: data.geometry, workers: workers,
      device: device, context: context,
      frozenTextEncoder: { data.readsStates ? nil : try model.loadTextEncoder(device: device) })
  }

  /// - Parameters:
  ///   - data: nil for a trainer that only computes losses of batches that it is given.
  ///   - frozenTextEncoder: is asked where the text encoder does not learn; gives nil where batches have its states.
  init(
    model: ModelDirectory, _ recipe: TransformerRecipe, optimization: OptimizationSettings,
    data: LatentDataset?, geometry: ClipGeometry, workers: Int, device: Device, context: RunContext,
    frozenTextEncoder: () throws -> T5Encoder?
  ) throws {
    self.recipe = recipe
    self.data = data
    self.device = device
    self.geometry = geometry
    order = EpochOrder(count: data?.count ?? 1, seed: context.seed)
    process = model.diffusion.process(
      weighting: recipe.snrGamma > 0 ? .minSNR(recipe.snrGamma) : .uniform,
      times: recipe.times == "uniform" ? .uniform : .logitNormal())
    let stores = (0..<workers).map { _ in context.makeStore(context.seed, device) }
    for store in stores { store.adapters = recipe.lora.adapters }
    replicas = try stores.map {
      var replica = try UniFormDiT($0.root[Self.transformerPrefix], model.transformer)
      replica.recomputesActivations = recipe.recomputesActivations
      return replica
    }
    try recipe.lora.requireLayers(in: stores[0])
    textEncoders =
      recipe.trainsTextEncoder
      ? try stores.map { try T5Encoder($0.root[Self.textEncoderPrefix], model.textEncoder) }
      : [try frozenTextEncoder()].compactMap(\.self)
    loop = try TrainingLoop(stores, settings: optimization, context: context)
    loop.clipNames = { [order, weak loop] positions in
      let indices = order.indices(step: loop?.step ?? 0, batchSize: optimization.batchSize)
      return (try? data?.descriptions(of: positions.map { indices[$0] }).map(\.id))
        ?? positions.map { "\(indices[$0])" }
    }
  }

  private static let transformerPrefix = "transformer"
  private static let textEncoderPrefix = "text_encoder"

  /// What was trained, averaged, as it goes into the model directory; every process calls it.
  public func trainedParts() throws -> [(
    part: ModelDirectory.Part, tensors: [(name: String, tensor: Tensor)]
  )] {
    let averaged = try loop.averagedParameters()
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
    guard recipe.trainsTextEncoder else { return }
    try loop.begin(with: .textEncoder, of: source, prefix: "\(Self.textEncoderPrefix).")
  }

  /// The networks that ``TrainingLoop/withAverages(_:)`` works on, to generate with.
  public var networks: (transformer: UniFormDiT, textEncoder: T5Encoder?) {
    var transformer = replicas[0]
    transformer.recomputesActivations = false
    return (transformer, textEncoders.first)
  }

  /// - Returns: whether all steps are done.
  @discardableResult public func run() throws -> Bool {
    try loop.run(kind: { recipe.task($0).rawValue }, loss)
  }

  func loss(_ part: BatchPart) throws -> StepResult {
    guard let data else { preconditionFailure("a trainer without data") }
    let indices = order.indices(step: part.step, batchSize: loop.settings.batchSize)[part.positions]
    return loss(
      recipe.task(part.randomness), data.batch(Array(indices), device: device), worker: part.worker,
      part.generators)
  }

  /// Every clip draws from its own generator, always in this order.
  func loss(
    _ task: GenerationTask, _ batch: LatentBatch, worker: Int, _ generators: [Generator]
  ) -> StepResult {
    let dtype = loop.settings.activationType(on: device)
    let transformer = replicas[worker]
    let plan = NoisePlan(task: task)
    let clean = latents(batch, generators)
    let timesteps = generators.flatMap { process.drawTimesteps(1, generator: $0) }
    let noise = clean.map { generators.noise(like: $0) }
    let drops = zip(generators, batch.hasCaption).map { generator, hasCaption in
      Tensor.rand([1], generator: generator).item < transformer.configuration.captionDropProbability
        || !hasCaption
    }
    let input = plan.apply(to: clean, noise: noise, timesteps: timesteps, process: process)
    let seen = plan.tokenTimesteps(timesteps, device: device)
    let rate = Tensor.full([batch.count], Double(geometry.frameRate), device: device)
    let output = transformer(
      input, videoTime: transformer.timeEmbedding(seen.video, frameRate: rate, dtype: dtype),
      audioTime: transformer.timeEmbedding(seen.audio, frameRate: rate, dtype: dtype),
      task: Tensor([Int](repeating: plan.task.id, count: batch.count), device: device),
      conditioning: transformer.conditioning(
        states: textStates(batch, worker: worker, dtype: dtype), mask: batch.mask,
        dropped: Tensor(drops, device: device), dtype: dtype),
      placement: transformer.placement(geometry, device: input.device, dtype: dtype))
    let loss = process.loss(of: output, clean: clean, noise: noise, timesteps: timesteps, plan: plan)
    let metrics = loss.terms.sorted { $0.key.rawValue < $1.key.rawValue }.flatMap { modality, terms in
      let name = "\(plan.task.rawValue)_\(modality.rawValue)"
      return [(name, terms.squaredError.mean)]
        + (terms.variationalBound.map { [("\(name)_bound", $0.mean)] } ?? [])
    }
    return StepResult(loss: loss.mean, clipLosses: loss.perClip, metrics: metrics)
  }

  private func latents(_ batch: LatentBatch, _ generators: [Generator]) -> AVLatents {
    func value(_ posterior: DiagonalGaussian) -> Tensor {
      guard recipe.posterior == "sample" else { return posterior.mode }
      return posterior.sample(noise: generators.noise(like: posterior.mean))
    }
    let video = value(batch.video)
    return AVLatents(video: video, audio: value(batch.audio))
  }

  private func textStates(_ batch: LatentBatch, worker: Int, dtype: DType) -> Tensor {
    if let states = batch.states { return states.to(dtype) }
    guard recipe.trainsTextEncoder else {
      return withoutGradient { textEncoders[0](batch.ids, mask: batch.mask, dtype: dtype).hiddenStates }
    }
    return textEncoders[worker](batch.ids, mask: batch.mask, dtype: dtype).hiddenStates
  }
}
