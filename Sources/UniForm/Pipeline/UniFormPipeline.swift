public import Media
public import Torch

/// From a request to clips: start reading here.
///
/// One thread owns a pipeline (see ``PipelineActor`` for use from asynchronous code). Networks are loaded when they are
/// first needed and stay loaded unless the pipeline was told otherwise.
public final class UniFormPipeline {
  public let model: ModelDirectory
  public let device: Device
  /// Of the denoiser, the text encoder and the video autoencoder. The autoencoder of sound and the vocoder compute in
  /// float32: they are a small part of the time, and what they lose would be heard.
  public let dtype: DType
  /// Whether the transformer's steps are captured once per clip and replayed; on devices that have no graphs it makes no
  /// difference.
  public let usesGraphs: Bool
  let networks: PipelineNetworks
  let mel: MelSpectrogram
  private var loadedTokenizer: T5Tokenizer?
  private(set) lazy var weights = model.weightsFingerprint

  /// - Parameters:
  ///   - dtype: float32 or bfloat16; nil takes the faster one of the two on this machine.
  ///   - keepsLoaded: false frees every network after its stage: less memory, and nothing lost where only one clip is
  ///     made. Several clips then go through each stage together.
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
    try eachClip(of: request, count: count, progress: progress, finish: finish)
  }

  /// Generates one clip that is looked at while it is denoised, and may go on from a state that was saved.
  ///
  /// The same clip as ``generate(_:count:progress:)`` gives, wherever it begins.
  public func generate(
    _ request: GenerationRequest, observer: DenoisingObserver,
    progress: (GenerationProgress) -> Bool = { _ in true }
  ) throws -> GeneratedClip {
    try eachClip(of: request, count: 1, observer: observer, progress: progress, finish: finish)[0]
  }

  /// Pictures and spectrogram of latents that are still being denoised; without sound, which nobody hears that early.
  ///
  /// It takes the time of decoding, and where networks do not stay loaded, that of loading them again.
  public func preview(
    of estimate: AVLatents, _ request: GenerationRequest
  ) throws -> (frames: VideoFrames?, spectrogram: Spectrogram?) {
    try withoutGradient {
      let resolved = try ResolvedRequest(request, count: 1, for: self)
      let report = ProgressReport(clipCount: 1) { _ in true }
      let mel = try decodeAudio(estimate.audio, resolved, report)
      return (
        try decodeVideo(estimate.video, resolved, report),
        mel.map { Spectrogram(frameCount: $0.size(0), binCount: $0.size(1), values: $0.floats) }
      )
    }
  }

  /// The latents of ``generate(_:count:progress:)`` before decoding, one clip after another, in float32.
  public func latents(
    _ request: GenerationRequest, count: Int = 1, progress: (GenerationProgress) -> Bool = { _ in true }
  ) throws -> AVLatents {
    .concatenate(
      try eachClip(of: request, count: count, progress: progress) { latents, _, _ in latents })
  }

  /// Generates the clips of several requests and hands each over when it is finished, with the index of its request.
  ///
  /// Where networks stay loaded, one clip is made after another. Where they do not, all clips go through each stage
  /// together, so that each network is loaded once and only latents wait.
  public func generate(
    _ requests: [GenerationRequest], progress: (GenerationProgress) -> Bool = { _ in true },
    finished: (_ index: Int, _ clip: GeneratedClip) throws -> Void
  ) throws {
    let resolved = try requests.map { try ResolvedRequest($0, count: 1, for: self) }
    try eachTrajectory(of: resolved, progress: progress) { latents, trajectory, report in
      try finished(trajectory.index, finish(latents, trajectory, report))
    }
  }

  /// Text and condition are encoded once, then every clip is denoised and finished by itself.
  private func eachClip<Result>(
    of request: GenerationRequest, count: Int, observer: DenoisingObserver? = nil,
    progress: (GenerationProgress) -> Bool,
    finish: (AVLatents, Trajectory, ProgressReport) throws -> Result
  ) throws -> [Result] {
    var results: [Result] = []
    try eachTrajectory(
      of: [ResolvedRequest(request, count: count, for: self)], observer: observer, progress: progress
    ) {
      results.append(try finish($0, $1, $2))
    }
    return results
  }

  private func eachTrajectory(
    of requests: [ResolvedRequest], observer: DenoisingObserver? = nil,
    progress: (GenerationProgress) -> Bool,
    finish: (AVLatents, Trajectory, ProgressReport) throws -> Void
  ) throws {
    let count = requests.reduce(0) { $0 + $1.seeds.count }
    try withoutActuallyEscaping(progress) { progress in
      try withoutGradient {
        let report = ProgressReport(clipCount: count, observer: observer, progress)
        for request in requests { try networks.prepare(request.task, hasText: request.prompt != nil) }
        let groups = networks.keepsLoaded ? requests.indices.map { $0..<$0 + 1 } : [requests.indices]
        for group in groups {
          let trajectories = try trajectories(of: group.map { (index: $0, request: requests[$0]) }, report)
          func denoised(_ one: Trajectory) throws -> AVLatents {
            try denoise(
              one.request, seed: one.seed, text: one.text, condition: one.condition, report.clip(one.clip)
            ).map { try $0.checkedFinite(after: .denoising) }
          }
          // Where the networks stay, each clip is finished before the next begins.
          let waiting = networks.keepsLoaded ? [] : try trajectories.map(denoised)
          for (place, one) in trajectories.enumerated() {
            let latents = place < waiting.count ? waiting[place] : try denoised(one)
            try finish(latents, one, report.clip(one.clip))
          }
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
