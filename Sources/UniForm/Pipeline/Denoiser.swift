internal import Torch

/// The network with everything bound that stays the same during one trajectory: task, positions, text keys and values of
/// every block, and the modulation of every scheduled step.
struct Denoiser {
  private let network: UniFormDiT
  private let conditioning: UniFormDiT.Conditioning
  private let videoTimes, audioTimes: UniFormDiT.TimeEmbedding  // [evaluations, …]
  private let task: Tensor  // [R]
  private let positions: UniFormDiT.Positions
  private let rows: Int

  /// - Parameter text: R rows, as many as the loop asks about at once.
  init(
    _ network: UniFormDiT, text: TextConditioning, plan: NoisePlan, timesteps: [Double],
    geometry: ClipGeometry, dtype: DType
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
    positions = network.positions(
      latentShape: geometry.videoLatentShape, pixels: (geometry.height, geometry.width), dtype: dtype,
      device: device)
  }

  /// The answer for `[R, …]` latents at one evaluation of the schedule.
  func callAsFunction(_ latents: AVLatents, evaluation: Int) -> ModelOutput {
    network(
      latents, videoTime: videoTimes.row(evaluation, count: rows),
      audioTime: audioTimes.row(evaluation, count: rows), task: task, conditioning: conditioning,
      positions: positions)
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
      noise: noise, condition: condition.latents,
      progress: {
        evaluation = $0.completed
        return report.isWanted(.denoising, $0.completed, of: $0.total)
      },
      model: { [device, isNarrow] latents, _ in
        let evaluation = evaluation
        guard isNarrow else { return denoisers[0](latents, evaluation: evaluation) }
        return .concatenate(
          try independentPieces(latents.batchSize, on: device) { row in
            denoisers[row](latents.clips(row..<row + 1), evaluation: evaluation)
          })
      })
  }

  /// Whether one thread computes the caption's row and another that of the null caption.
  private var isNarrow: Bool { model.transformer.hiddenSize <= widestInOneThread }

  /// One for each row of text, or one for all of them in a wide network.
  private func denoisers(
    _ plan: NoisePlan, _ text: TextConditioning, _ request: ResolvedRequest
  ) throws -> [Denoiser] {
    let network = try networks.loadedTransformer()
    let parts = isNarrow ? text.separateRows : [text]
    // In one thread, since the rows of the products are few and each number of them is divided differently.
    return try independentPieces(parts.count, on: device) { [dtype] index in
      Denoiser(
        network, text: parts[index], plan: plan, timesteps: request.scheduler.timesteps,
        geometry: request.geometry, dtype: dtype)
    }
  }
}
