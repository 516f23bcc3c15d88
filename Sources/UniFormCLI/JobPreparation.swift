import Foundation
import Media
import UniForm

/// Checks a job and reads what it is given, before any network is loaded.
struct JobPreparation: Sendable {
  let directory: ModelDirectory
  let pipeline: PipelineActor

  func callAsFunction(_ job: GenerationJob) async throws -> PreparedJob {
    try directory.check(job.options.sampler)
    let options = job.options
    var request = GenerationRequest(
      prompt: job.prompt, negativePrompt: job.negativePrompt, only: job.only, steps: options.steps,
      guidanceScale: options.guidance, sampler: options.sampler, seconds: options.seconds, seed: job.seed)
    let prompt = job.prompt ?? ""
    let negative = job.negativePrompt ?? ""
    let coverage = try await pipeline.withPipeline {
      _ = try $0.promptCoverage(negative)
      return try $0.promptCoverage(prompt)
    }
    var geometry = directory.geometry
    request.size = try await size(of: job)
    if let size = request.size { geometry.size = size }
    let seconds = options.seconds ?? geometry.seconds
    let given = try await givenSeconds(job, wanted: seconds)
    if let given { request.seconds = max(given, GenerationRequest.allowedSeconds.lowerBound) }
    if let video = job.video {
      request.condition = .video(
        try await VideoReader.read(
          video, start: options.start, seconds: seconds, frameRate: Double(geometry.frameRate),
          width: geometry.width, height: geometry.height, fit: options.fit))
    } else if let audio = job.audio {
      let sound = try await AudioReader.read(
        audio, start: options.start, seconds: seconds, sampleRate: geometry.sampleRate)
      guard !sound.isSilent else { throw MediaError.silent(audio) }
      request.condition = .audio(sound)
    }
    if request.task.condition != nil {
      request.conditionGuidanceScale = options.conditionGuidance
      request.negativeCondition = options.negativeCondition
    }
    let shortened = given.map {
      "the \(job.video != nil ? "video" : "sound") ends after \($0) s; so does the clip"
    }
    return PreparedJob(
      job: job, request: request, givenSeconds: given,
      warnings: [unknownWords(in: prompt, coverage), shortened].compactMap(\.self))
  }

  /// Pixels of the pictures; nil for those that the model was trained on.
  private func size(of job: GenerationJob) async throws -> FrameSize? {
    var video: MediaInformation.VideoStream?
    if job.size == .input, let url = job.video { video = try await MediaProbe.probe(url).video }
    let size = try job.size.pixels(of: directory, for: video)
    if let size { try directory.check(size) }
    return size
  }

  /// What the input has from the start on where that is shorter than the clip shall be, by a frame or more.
  private func givenSeconds(_ job: GenerationJob, wanted: Double) async throws -> Double? {
    guard let input = job.video ?? job.audio else { return nil }
    let start = job.options.start
    let information = try await MediaProbe.probe(input)
    guard let end = job.video != nil ? information.videoSeconds : information.audioSeconds,
      end > start, wanted - (end - start) >= 1 / Double(directory.geometry.frameRate)
    else { return nil }
    return max(0.01, (end - start).rounded(to: 2))
  }

  private func unknownWords(in prompt: String, _ coverage: PromptCoverage) -> String? {
    guard !prompt.allSatisfy(\.isWhitespace), coverage.knownWords.isEmpty, !directory.knownClasses.isEmpty
    else { return nil }
    return "the prompt has no word that '\(directory.name)' knows, so the clip will not follow it; it knows "
      + directory.knownClasses.map(\.name).joined(separator: ", ")
  }
}

extension ModelDirectory {
  /// - Throws: for a sampler that is none of this model's.
  func check(_ sampler: Sampler?) throws {
    let samplers = diffusion.objective.samplers
    if let sampler, !samplers.contains(sampler) {
      throw CommandFailure.usage(
        "--sampler \(sampler.rawValue) does not fit the model '\(name)'; use "
          + samplers.map(\.rawValue).joined(separator: " or "))
    }
  }
}
