internal import Torch

/// The network with everything bound that stays the same during one trajectory: task, text keys and values of every
/// block, and the modulation of every scheduled step.
struct Denoiser {
  private let network: UniFormDiT
  private let conditioning: UniFormDiT.Conditioning
  private let videoTimes, audioTimes: UniFormDiT.TimeEmbedding  // [evaluations, …]
  private let task: Tensor  // [R]
  private let placement: UniFormDiT.Placement
  private let rows: Int
  private var graph: StepGraph?

  /// - Parameters:
  ///   - text: R rows, as many as the loop asks about at once.
  ///   - usesGraph: captures an evaluation and replays it, where the device can.
  init(
    _ network: UniFormDiT, text: TextConditioning, plan: NoisePlan, timesteps: [Double],
    geometry: ClipGeometry, trainedSize: FrameSize, dtype: DType, usesGraph: Bool
  ) {
    self.network = network
    let device = text.states.device
    rows = text.rows
    conditioning = network.conditioning(
      states: text.states, mask: text.mask, dropped: text.dropped, dtype: dtype)
    let frameRate = Tensor.full([timesteps.count], Double(geometry.frameRate), device: device)
    let seen = plan.tokenTimesteps(timesteps, device: device)  // [evaluations]
    videoTimes = network.timeEmbedding(seen.video, frameRate: frameRate, dtype: dtype)
    audioTimes = network.timeEmbedding(seen.audio, frameRate: frameRate, dtype: dtype)
    task = Tensor([Int](repeating: plan.task.id, count: rows), device: device)
    placement = network.placement(geometry, trainedSize: trainedSize, device: device, dtype: dtype)
    if usesGraph && device.hasGraphs { graph = captured(geometry, device) }
  }

  /// Nil where the capture fails: each step then queues its kernels one by one, with the same result.
  private func captured(_ geometry: ClipGeometry, _ device: Device) -> StepGraph? {
    let latents = AVLatents(
      video: .zeros([rows] + geometry.videoLatentShape, device: device),
      audio: .zeros([rows] + geometry.audioLatentShape, device: device))
    return try? StepGraph(latents: latents, times: times(of: 0)) { [network, task, conditioning, placement] in
      network(
        $0, videoTime: $1.video, audioTime: $1.audio, task: task, conditioning: conditioning,
        placement: placement)
    }
  }

  private func times(of evaluation: Int) -> PerModality<UniFormDiT.TimeEmbedding> {
    PerModality(
      video: videoTimes.row(evaluation, count: rows), audio: audioTimes.row(evaluation, count: rows))
  }

  /// The answer for `[R, …]` latents at one evaluation of the schedule.
  func callAsFunction(_ latents: AVLatents, evaluation: Int) throws -> ModelOutput {
    let times = times(of: evaluation)
    if let graph { return try graph(latents, times) }
    return network(
      latents, videoTime: times.video, audioTime: times.audio, task: task, conditioning: conditioning,
      placement: placement)
  }
}

extension UniFormPipeline {
  /// From noise to the latents of one clip.
  func denoise(
    _ request: ResolvedRequest, seed: UInt64, text: TextConditioning, condition: EncodedCondition,
    _ report: ProgressReport
  ) throws -> AVLatents {
    let plan = NoisePlan(task: request.task)
    let geometry = request.geometry
    let loop = DenoisingLoop(plan: plan, scheduler: request.scheduler, guidance: request.guidance)
    let denoisers = try denoisers(plan, text, request)
    let noise = NoiseSource(
      shapes: PerModality(video: geometry.videoLatentShape, audio: geometry.audioLatentShape),
      seeds: [seed], device: device)
    var evaluation = 0
    return try loop(
      noise: noise, condition: condition.latents, negative: condition.negative,
      progress: {
        evaluation = $0.completed
        return report.isWanted(.denoising, $0.completed, of: $0.total)
      },
      observer: report.observer,
      model: { [device, isNarrow] latents, _ in
        let evaluation = evaluation
        guard isNarrow else {
          return try catchingTorchErrors { try denoisers[0](latents, evaluation: evaluation) }
        }
        return .concatenate(
          try independentPieces(latents.batchSize, on: device) { row in
            try denoisers[row](latents.clips(row..<row + 1), evaluation: evaluation)
          })
      })
  }

  /// Whether one thread computes the caption's row and another that of the null caption.
  private var isNarrow: Bool { device.kind == .cpu && model.transformer.isNarrow }

  /// One for each row of text, or one for all of them in a wide network.
  private func denoisers(
    _ plan: NoisePlan, _ text: TextConditioning, _ request: ResolvedRequest
  ) throws -> [Denoiser] {
    let network = try networks.loadedTransformer()
    let parts = isNarrow ? text.separateRows : [text]
    // In one thread, since the rows of the products are few and each number of them is divided differently.
    return try independentPieces(parts.count, on: device) { [dtype, model, usesGraphs] index in
      Denoiser(
        network, text: parts[index], plan: plan, timesteps: request.scheduler.timesteps,
        geometry: request.geometry, trainedSize: model.geometry.size, dtype: dtype,
        usesGraph: usesGraphs)
    }
  }
}

extension UniFormDiT.Configuration {
  /// Networks up to this width gain nothing from dividing their products among threads, and lose much where the
  /// machine is busy: one thread computes the caption's row and another that of the null caption.
  var isNarrow: Bool { hiddenSize <= widestInOneThread }
}
