internal import Media
public import Torch

/// From a request to clips: start reading here.
///
/// One thread owns a pipeline (see ``PipelineActor`` for use from asynchronous code). Networks are loaded when they are
/// first needed and stay loaded unless the pipeline was told otherwise.
public final class UniFormPipeline {
  public let model: ModelDirectory
  public let device: Device
  /// Of the denoiser. Text encoder, autoencoders and vocoder compute in float32: they are a small part of the time
  /// and what they lose would be seen and heard.
  public let dtype: DType
  /// Whether the transformer's steps are captured once per clip and replayed; on devices that have no graphs it makes no
  /// difference.
  public let usesGraphs: Bool
  let networks: PipelineNetworks
  let mel: MelSpectrogram
  private var loadedTokenizer: T5Tokenizer?
  private lazy var weights = model.weightsFingerprint

  /// - Parameters:
  ///   - dtype: float32 or bfloat16; nil takes the faster one of the two on this machine.
  ///   - keepsLoaded: false frees every network after its stage, for models that do not fit into memory together.
  /// - Throws: ``GenerationError`` for a device that is not there, ``ModelError`` and its kin for the directory.
  public init(
    _ directory: ModelDirectory, device: Device = .cpu, dtype: DType? = nil, keepsLoaded: Bool = true,
    usesGraphs: Bool = true
  ) throws {
    guard device.isAvailable else { throw GenerationError.unavailableDevice("\(device)") }
    let dtype = dtype ?? .fastest(on: device)
    guard dtype == .float32 || dtype == .bfloat16 else { throw GenerationError.unsupportedDType("\(dtype)") }
    model = directory
    self.device = device
    self.dtype = dtype
    self.usesGraphs = usesGraphs
    networks = PipelineNetworks(directory, device: device, dtype: dtype, keepsLoaded: keepsLoaded)
    mel = try MelSpectrogram(directory.mel)
  }

  /// Generates `count` clips, with the seeds `seed`, `seed + 1`, ….
  ///
  /// Clips are made one after another: their latents do not depend on `count`, bit for bit.
  ///
  /// - Parameter progress: called often and on the calling thread; false stops with `CancellationError`.
  /// - Throws: ``GenerationError`` or ``DiffusionError`` for the request before anything is computed, and what is
  ///   wrong with the model's files.
  public func generate(
    _ request: GenerationRequest, count: Int = 1, progress: (GenerationProgress) -> Bool = { _ in true }
  ) throws -> [GeneratedClip] {
    try eachClip(of: request, count: count, progress: progress) { latents, seed, request, condition, report in
      let video = try decodeVideo(latents.video, request, report)
      let mel = try decodeAudio(latents.audio, request, report) ?? condition.mel
      let audio = try vocode(mel, request, report)
      return clip(video, audio, mel: mel, seed: seed, request)
    }
  }

  /// The latents of ``generate(_:count:progress:)`` before decoding, one clip after another, in float32.
  public func latents(
    _ request: GenerationRequest, count: Int = 1, progress: (GenerationProgress) -> Bool = { _ in true }
  ) throws -> AVLatents {
    .concatenate(
      try eachClip(of: request, count: count, progress: progress) { latents, _, _, _, _ in latents })
  }

  /// Text and condition are encoded once, then every clip is denoised and finished by itself.
  private func eachClip<Result>(
    of request: GenerationRequest, count: Int, progress: (GenerationProgress) -> Bool,
    finish: (AVLatents, UInt64, ResolvedRequest, EncodedCondition, ProgressReport) throws -> Result
  ) throws -> [Result] {
    let request = try ResolvedRequest(request, count: count, for: self)
    return try withoutActuallyEscaping(progress) { progress in
      try withoutGradient {
        let report = ProgressReport(clipCount: count, progress)
        try networks.prepare(request.task, hasText: request.prompt != nil)
        let text = try encodeText(request, report)
        let condition = try encodeCondition(request, report)
        return try request.seeds.enumerated().map { index, seed in
          let report = report.clip(index)
          let latents = try denoise(request, seed: seed, text: text, condition: condition, report)
            .map { try $0.checkedFinite(after: .denoising) }
          return try finish(latents, seed, request, condition, report)
        }
      }
    }
  }

  /// Generates with these networks instead of those of the directory: what is being trained can be seen and heard.
  public func use(transformer: UniFormDiT, textEncoder: T5Encoder? = nil) {
    networks.use(transformer: transformer, textEncoder: textEncoder)
  }

  /// Frees all networks; the next request loads what it needs again.
  public func unload() { networks.unload() }

  func tokenizer() throws -> T5Tokenizer {
    if let loadedTokenizer { return loadedTokenizer }
    let tokenizer = try model.loadTokenizer()
    loadedTokenizer = tokenizer
    return tokenizer
  }
}

// MARK: What a clip is made of

extension UniFormPipeline {
  private func clip(
    _ video: VideoFrames?, _ audio: Waveform?, mel: Tensor?, seed: UInt64, _ request: ResolvedRequest
  ) -> GeneratedClip {
    let kept = mel.map {
      $0.narrowed(0, start: 0, length: min(request.geometry.keptMelFrameCount, $0.size(0)))
    }
    return GeneratedClip(
      video: video, audio: audio, mel: kept?.floats ?? [], melFrames: kept?.size(0) ?? 0,
      melBins: request.geometry.melBins, settings: settings(request, seed: seed), notes: request.notes)
  }

  private func settings(_ request: ResolvedRequest, seed: UInt64) -> ClipSettings {
    ClipSettings(
      version: UniFormVersion.current, model: model.name, weights: weights, task: request.task,
      prompt: request.prompt, negativePrompt: request.negativePrompt, seed: seed, steps: request.steps,
      guidanceScale: request.guidanceScale, sampler: request.sampler, seconds: request.geometry.seconds,
      dtype: "\(dtype)", device: "\(device)", width: request.geometry.width,
      height: request.geometry.height, frameRate: request.geometry.frameRate,
      sampleRate: request.geometry.sampleRate)
  }
}
