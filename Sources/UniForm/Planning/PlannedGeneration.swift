public import Torch

/// What is to be planned: a generation as far as its cost depends on it.
public struct PlannedGeneration: Sendable {
  public var task = GenerationTask.t2av
  public var geometry: ClipGeometry
  public var hasPrompt = true
  /// Of the prompt; a sentence has some ten to thirty.
  public var tokens = 32
  public var steps: Int
  public var guidanceScale: Double
  public var conditionGuidanceScale = 1.0
  public var sampler: Sampler
  public var dtype: DType
  public var device: Device
  public var threads: Int

  /// What the model makes where nothing else is asked for.
  public init(_ model: ModelDirectory, dtype: DType? = nil, device: Device = .cpu, threads: Int? = nil) {
    geometry = model.geometry
    steps = model.defaults.steps
    guidanceScale = model.defaults.guidanceScale
    sampler = model.diffusion.objective.samplers[0]
    self.dtype = dtype ?? .fastest(on: device)
    self.device = device
    self.threads = threads ?? ComputeThreads.count
  }

  public init(_ model: ModelDirectory, _ request: GenerationRequest) {
    self.init(model)
    task = request.task
    hasPrompt = !(request.prompt ?? "").allSatisfy(\.isWhitespace)
    steps = request.steps ?? steps
    guidanceScale = request.guidanceScale ?? guidanceScale
    conditionGuidanceScale = request.conditionGuidanceScale
    sampler = request.sampler ?? sampler
    geometry.seconds = request.seconds ?? geometry.seconds
    geometry.size = request.size ?? geometry.size
  }
}

extension GenerationPlan {
  /// Plans one clip. No weights are read; where their files are there, the headers say how they are stored, and where
  /// not, 16 bits are assumed.
  ///
  /// - Parameters:
  ///   - speed: of this machine; nil where the time does not matter.
  ///   - processBytes: what the process takes by itself; nil takes what this one does, and what libtorch adds when it
  ///     begins to work.
  /// - Throws: ``DiffusionError`` for steps or a sampler that the model does not have, `TorchError` for an operator that
  ///   cannot be outlined.
  public init(
    _ model: ModelDirectory, _ planned: PlannedGeneration, speed: MachineSpeed? = nil,
    processBytes: Int? = nil
  ) throws {
    let outliner = StageOutliner(model: model, geometry: planned.geometry, threads: planned.threads)
    let scheduler = try model.diffusion.scheduler(
      planned.sampler, steps: planned.steps,
      variance: model.transformer.predictsVariance ? .learnedRange : .fixedSmall)
    let guidance = ClassifierFreeGuidance(
      scale: planned.guidanceScale, hasText: planned.hasPrompt,
      conditionScale: planned.conditionGuidanceScale,
      hasCondition: planned.task.condition != nil)
    let tokens = min(
      planned.hasPrompt ? planned.tokens : model.defaults.nullCaptionLength,
      model.transformer.maximumTextLength)
    let evaluations = scheduler.evaluations.count

    let dtype = planned.dtype
    var stages: [Stage] = []
    /// - Parameter stored: what a vocabulary is stored in; it stays in the mapped file where that is what is computed in.
    func add(
      _ name: Stage.Name, _ outline: StageOutline, _ dtype: DType = .float32, stored: DType = .bfloat16
    ) {
      let elements = outline.elements - (stored == dtype ? outline.sparseElements : 0)
      stages.append(
        Stage(
          name: name, weightBytes: elements * dtype.size, workingBytes: outline.workingBytes,
          seconds: speed?.seconds(outline)))
    }

    if planned.hasPrompt {
      add(
        .textEncoder, try outliner.textEncoder(captions: 1, tokens: tokens, dtype: dtype), dtype,
        stored: try model.storedDType(.textEncoder) ?? .bfloat16)
    }
    switch planned.task.condition {
    case .video: add(.conditionEncoder, try outliner.videoEncoder(dtype: dtype), dtype)
    case .audio: add(.conditionEncoder, try outliner.audioEncoder())
    case nil: break
    }
    let denoiser = try outliner.denoiser(
      task: planned.task, rows: guidance?.passes ?? 1, tokens: tokens, evaluations: evaluations,
      dtype: dtype)
    add(.denoiser, denoiser, dtype)
    if planned.task.generated.contains(.video) {
      add(.videoDecoder, try outliner.videoDecoder(dtype: dtype), dtype)
    }
    if planned.task.generated.contains(.audio) {
      add(.audioDecoder, try outliner.audioDecoder())
      add(.vocoder, try outliner.vocoder())
    }

    self.init(
      model: model.name, task: planned.task, geometry: planned.geometry, evaluations: evaluations,
      dtype: "\(dtype)", device: "\(planned.device)", threads: planned.threads, stages: stages,
      processBytes: processBytes ?? Self.processBytes, heldBytes: planned.geometry.heldBytes,
      diskBytes: try model.diskBytes)
  }

  /// This process and what libtorch adds when it begins to work: threads, generated kernels, its own tables.
  public static var processBytes: Int { (MachineMemory.resident?.now ?? 0) + libraryBytes }
  private static let libraryBytes = 20 << 20
}

extension ClipGeometry {
  /// The pictures of a clip as bytes, twice: chunk by chunk, and in one piece; and its sound.
  var heldBytes: Int { 2 * frameCount * width * height * 3 + 2 * 4 * sampleCount }
}

extension ModelDirectory {
  /// Of all weights, as they are stored or in 16 bits.
  var diskBytes: Int {
    get throws {
      try Part.allCases.reduce(0) { sum, part in
        let count = try outline(of: part).reduce(0) { $0 + $1.tensor.count }
        return sum + count * (try storedDType(part) ?? .bfloat16).size
      }
    }
  }
}
