import Foundation
import Media
import Torch
import UniForm

/// Carries out jobs with one loaded model: checks first, then generates, then writes.
struct Generation {
  let directory: ModelDirectory
  let sampling: SamplingOptions
  let content: ContentOptions
  let output: OutputOptions
  let reporter: Reporter
  private let pipeline: PipelineActor

  /// - Throws: what can be known to fail before any job is looked at.
  init(
    directory: ModelDirectory, sampling: SamplingOptions, machine: MachineOptions, content: ContentOptions,
    output: OutputOptions, reporter: Reporter
  ) throws {
    let samplers = directory.diffusion.objective.samplers
    if let sampler = sampling.sampler, !samplers.contains(sampler) {
      throw CommandFailure.usage(
        "--sampler \(sampler.rawValue) does not fit the model '\(directory.name)'; use "
          + samplers.map(\.rawValue).joined(separator: " or "))
    }
    self.directory = directory
    self.sampling = sampling
    self.content = content
    self.output = output
    self.reporter = reporter
    pipeline = PipelineActor(
      directory, device: try machine.checkedDevice(), dtype: machine.dtype.dtype, threads: machine.threads)
  }

  func run(_ job: GenerationJob) async throws {
    let clock = ContinuousClock.now
    let request = try await prepare(job)
    try await make(job, request)
    report(clips: sampling.count, since: clock)
  }

  /// Checks a job and reads what it is given, before any network is loaded.
  func prepare(_ job: GenerationJob) async throws -> GenerationRequest {
    try job.checkOutputs(count: sampling.count)
    var request = GenerationRequest(
      prompt: job.prompt, negativePrompt: job.negativePrompt, steps: sampling.steps,
      guidanceScale: sampling.guidance, sampler: sampling.sampler, seconds: content.seconds, seed: job.seed)
    let prompt = job.prompt ?? ""
    let negative = job.negativePrompt ?? ""
    let coverage = try await pipeline.withPipeline {
      _ = try $0.promptCoverage(negative)
      return try $0.promptCoverage(prompt)
    }
    let geometry = directory.geometry
    let seconds = content.seconds ?? geometry.seconds
    if let video = job.video {
      request.condition = .video(
        try await VideoReader.read(
          video, start: content.start, seconds: seconds, frameRate: Double(geometry.frameRate),
          width: geometry.width, height: geometry.height, fit: content.fit))
    } else if let audio = job.audio {
      let sound = try await AudioReader.read(
        audio, start: content.start, seconds: seconds, sampleRate: geometry.sampleRate)
      guard !sound.isSilent else { throw MediaError.silent(audio) }
      request.condition = .audio(sound)
    }
    reporter.note(job.title)
    reporter.event(
      ReportEvent(
        "start", task: job.task.rawValue, model: directory.name, prompt: job.prompt,
        output: job.output.url.relativePath, seed: job.seed))
    warnOfUnknownWords(in: prompt, coverage)
    return request
  }

  private func warnOfUnknownWords(in prompt: String, _ coverage: PromptCoverage) {
    guard !prompt.allSatisfy(\.isWhitespace), coverage.knownWords.isEmpty, !directory.knownClasses.isEmpty
    else { return }
    reporter.warn(
      "the prompt has no word that '\(directory.name)' knows, so the clip will not follow it; it knows "
        + directory.knownClasses.map(\.name).joined(separator: ", "))
  }

  /// Generates and writes the clips of a job one by one, so that each is there as soon as it can be.
  func make(_ job: GenerationJob, _ request: GenerationRequest) async throws {
    for index in 0..<sampling.count {
      var request = request
      request.seed = job.seed &+ UInt64(index)
      let name = sampling.count > 1 ? "clip \(index + 1) of \(sampling.count), " : ""
      let reporter = reporter
      let clips = try await pipeline.generate(request) { progress in
        reporter.progress(
          name + progress.stage.rawValue, completed: progress.completed, total: progress.total)
        return true
      }
      reporter.endProgress()
      for clip in clips {
        if index == 0 { clip.notes.forEach(reporter.warn) }
        try await write(clip, of: job, index: index)
      }
    }
  }

  private func write(_ clip: GeneratedClip, of job: GenerationJob, index: Int) async throws {
    let url = job.output.url.numbered(index, of: sampling.count)
    let sheetURL = job.sheet?.numbered(index, of: sampling.count)
    let wantsSheet = sheetURL != nil || job.output.kind == .sheet
    let sheet = wantsSheet ? try await sheet(of: clip, job: job) : nil
    switch job.output.kind {
    case .sheet: try await sheet?.write(to: url)
    case .clip:
      try await MediaWriter.write(
        picture: job.video.map { .original($0, start: content.start) } ?? clip.video.map { .frames($0) },
        sound: job.audio.map { .original($0, start: content.start) } ?? clip.audio.map { .waveform($0) },
        seconds: clip.settings.seconds, comment: output.noMetadata ? nil : try clip.settings.json, to: url)
    }
    if let sheetURL { try await sheet?.write(to: sheetURL) }
    reporter.note(
      "Wrote \(url.relativePath)" + (sheetURL.map { " and \($0.relativePath)" } ?? "")
        + " (seed \(clip.settings.seed))")
    reporter.event(
      ReportEvent(
        "clip", output: url.relativePath, sheet: sheetURL?.relativePath, seed: clip.settings.seed,
        settings: clip.settings))
  }

  /// Pictures that were given are shown as they are, finer than the model sees them.
  private func sheet(of clip: GeneratedClip, job: GenerationJob) async throws -> Sheet {
    var frames = clip.video
    if let video = job.video, let size = try await MediaProbe.probe(video).video?.displaySize {
      let width = 320
      frames = try await VideoReader.read(
        video, start: content.start, seconds: clip.settings.seconds,
        frameRate: Double(clip.settings.frameRate), width: width,
        height: min(4 * width, max(2, width * size.height / size.width)))
    }
    guard let frames else { throw CommandFailure("there are no frames to draw a sheet of", .software) }
    return Sheet(frames, of: clip, job: job, model: directory.name)
  }

  func report(clips: Int, skipped: Int = 0, failed: Int = 0, since start: ContinuousClock.Instant) {
    let seconds = (.now - start) / Duration.seconds(1)
    reporter.event(
      ReportEvent("done", clips: clips, skipped: skipped, failed: failed, seconds: seconds.rounded(to: 1)))
    let extra = (skipped > 0 ? ", \(skipped) skipped" : "") + (failed > 0 ? ", \(failed) failed" : "")
    reporter.note("\(clips) \(clips == 1 ? "clip" : "clips")\(extra) in \(ProgressLine.duration(seconds))")
  }
}
