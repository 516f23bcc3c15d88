import Foundation
import Torch
import UniForm
import WorkerProtocol

/// What a worker can say about clips before it makes them.
struct ClipPlanning: Sendable {
  let directory: ModelDirectory
  let machine: MachineOptions
  private let speed: Task<MachineSpeed, any Error>

  init(directory: ModelDirectory, machine: MachineOptions, pipeline: PipelineActor) {
    self.directory = directory
    self.machine = machine
    let (device, dtype) = (machine.place.device.device, machine.dtype.dtype)
    // On the pipeline's thread: before any clip, and with as many threads as a clip has.
    speed = Task {
      try await pipeline.withPipeline { _ in
        try MachineSpeed.measure(dtype: dtype ?? .fastest(on: device), device: device)
      }
    }
  }

  func answer(id: String, _ request: ClipRequest) async -> WorkerEvent {
    do {
      // Nothing is written, so the folder is of no account.
      let job = try GenerationJob(request, files: FinishedClip.Files(), in: .temporaryDirectory)
      try directory.check(job.options.sampler)
      let plan = try GenerationPlan(directory, planned(job), speed: try await speed.value)
      return .plan(
        id: id, ClipPlan(seconds: (plan.seconds ?? 0).rounded(to: 2), peakBytes: plan.peakBytes(.together)))
    } catch {
      return .planFailed(id: id, WorkerFailure(error, of: request))
    }
  }

  /// What decoding a clip of the job takes; nil where that is not known, or there are no pictures to show.
  func previewSeconds(of job: GenerationJob) async -> Double? {
    guard job.only != .audio, let speed = try? await speed.value,
      let plan = try? GenerationPlan(directory, planned(job), speed: speed)
    else { return nil }
    return plan.stages.reduce(0) {
      $0 + ([.videoDecoder, .audioDecoder].contains($1.name) ? $1.seconds ?? 0 : 0)
    }
  }

  /// - Throws: `MemoryShortage` for a clip larger than the model's own that does not fit.
  func checkMemory(for job: GenerationJob) throws {
    let planned = try planned(job)
    let (wanted, usual) = (planned.geometry, directory.geometry)
    guard machine.place.device == .cpu, let available = MachineMemory.available,
      Double(wanted.width * wanted.height) * wanted.seconds
        > Double(usual.width * usual.height) * usual.seconds
    else { return }
    _ = try GenerationPlan.staging(directory, planned, clips: 1, available: available)
  }

  private func planned(_ job: GenerationJob) throws -> PlannedGeneration {
    var planned = machine.planned(job.task, of: directory)
    let options = job.options
    planned.hasPrompt = !(job.prompt ?? "").allSatisfy(\.isWhitespace)
    planned.steps = options.steps ?? planned.steps
    planned.guidanceScale = options.guidance ?? planned.guidanceScale
    if job.task.condition != nil { planned.conditionGuidanceScale = options.conditionGuidance }
    planned.sampler = options.sampler ?? planned.sampler
    planned.geometry.seconds = options.seconds ?? planned.geometry.seconds
    // The aspect of an input has about as many pixels as the trained size.
    if let size = try job.size.pixels(of: directory, for: nil) {
      try directory.check(size)
      planned.geometry.size = size
    }
    return planned
  }

  var description: WorkerDescription {
    let (geometry, defaults) = (directory.geometry, directory.defaults)
    let device = machine.place.device.device
    return WorkerDescription(
      version: UniFormVersion.current, model: directory.name, weights: directory.weightsFingerprint,
      device: "\(device)", dtype: "\(machine.dtype.dtype ?? .fastest(on: device))",
      licence: directory.index.licence, licences: directory.index.licences,
      defaults: .init(
        steps: defaults.steps, guidance: defaults.guidanceScale, seconds: geometry.seconds,
        width: geometry.width, height: geometry.height, frameRate: geometry.frameRate,
        sampleRate: geometry.sampleRate, samplers: directory.diffusion.objective.samplers.map(\.rawValue)),
      limits: .init(
        seconds: [
          GenerationRequest.allowedSeconds.lowerBound, GenerationRequest.allowedSeconds.upperBound,
        ],
        steps: [GenerationRequest.allowedSteps.lowerBound, GenerationRequest.allowedSteps.upperBound],
        side: [GenerationRequest.allowedSide.lowerBound, GenerationRequest.allowedSide.upperBound],
        sideMultiple: geometry.spatialFactor,
        aspect: [GenerationRequest.allowedAspect.lowerBound, GenerationRequest.allowedAspect.upperBound],
        promptCharacters: GenerationRequest.maximumPromptLength),
      examples: directory.knownClasses.map { .init(name: $0.name, prompt: $0.example) })
  }
}
