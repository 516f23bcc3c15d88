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
  private func prepare(_ job: GenerationJob) async throws -> GenerationRequest {
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
  private func make(_ job: GenerationJob, _ request: GenerationRequest) async throws {
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

  private func report(clips: Int, skipped: Int = 0, failed: Int = 0, since start: ContinuousClock.Instant) {
    let seconds = (.now - start) / Duration.seconds(1)
    reporter.event(
      ReportEvent("done", clips: clips, skipped: skipped, failed: failed, seconds: seconds.rounded(to: 1)))
    let extra = (skipped > 0 ? ", \(skipped) skipped" : "") + (failed > 0 ? ", \(failed) failed" : "")
    reporter.note("\(clips) \(clips == 1 ? "clip" : "clips")\(extra) in \(ProgressLine.duration(seconds))")
  }
}

// MARK: - Lists

extension Generation {
  /// Makes what a list names and does not exist yet. A bad line does not stop the others.
  /// - Throws: at the end, when there were bad lines; at once, when nothing further can work.
  func run(batch: BatchFile) async throws {
    let clock = ContinuousClock.now
    let fallbackSeed = sampling.seed
    var failures: [(line: Int, failure: CommandFailure)] = []
    var (made, skipped) = (0, 0)
    for row in batch.rows {
      do {
        let job = try GenerationJob(row.content.get(), seed: fallbackSeed)
        if FileManager.default.fileExists(atPath: job.output.url.path(percentEncoded: false)) {
          skipped += 1
          reporter.note("Skipped \(job.output.url.relativePath), which exists")
          reporter.event(ReportEvent("skipped", line: row.line, output: job.output.url.relativePath))
          continue
        }
        try await make(job, prepare(job))
        made += 1
      } catch {
        let failure = UniFormCommand.failure(error)
        guard failure.status != .interrupted && !failure.concernsModel(error) else { throw error }
        failures.append((row.line, failure))
      }
    }
    report(clips: made, skipped: skipped, failed: failures.count, since: clock)
    for (line, failure) in failures { reporter.fail(line: line, failure) }
    if let first = failures.first { throw QuietFailure(status: first.failure.status) }
  }
}

/// A failure that has already been reported in full.
struct QuietFailure: Error {
  let status: ExitStatus
}

extension CommandFailure {
  /// Every further job would fail in the same way.
  func concernsModel(_ error: any Error) -> Bool {
    error is ModelError || error is WeightError || error is ConfigurationError || error is TokenizerError
  }
}

extension GenerationJob {
  /// One line of a list.
  init(_ entry: BatchEntry, seed: UInt64?) throws {
    if entry.video != nil && entry.audio != nil {
      throw CommandFailure("it names both a video and an audio; leave one empty", .badData)
    }
    if entry.video == nil && entry.audio == nil && entry.prompt == nil {
      throw CommandFailure("it names neither a prompt nor a video nor an audio", .badData)
    }
    self.init(
      prompt: entry.prompt, negativePrompt: nil, video: entry.video.map { URL(filePath: $0) },
      audio: entry.audio.map { URL(filePath: $0) }, seed: entry.seed ?? seed ?? .randomSeed,
      output: try ClipOutput(entry.output), sheet: nil)
  }
}
