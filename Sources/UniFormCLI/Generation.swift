import Foundation
import Media
import Torch
import UniForm

/// A clip to make: its job, and its number in it.
typealias PreparedClip = (prepared: PreparedJob, index: Int)

/// A job that was checked, with what it is given.
struct PreparedJob: Sendable {
  let job: GenerationJob
  let request: GenerationRequest
  /// The length of what is given, where it rules the length of the clip.
  let givenSeconds: Double?
  /// Of the clip that is made first, which tells what there is to note.
  var firstIndex = 0
  /// Of a list, from 1; 0 without one.
  var line = 0
}

/// Carries out jobs with one loaded model: checks first, then generates, then writes.
struct Generation {
  let directory: ModelDirectory
  let sampling: SamplingOptions
  let content: ContentOptions
  let output: OutputOptions
  let reporter: Reporter
  let pipeline: PipelineActor
  /// Whether networks stay loaded from clip to clip.
  let keepsLoaded: Bool

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
    let device = try machine.place.checkedDevice()
    keepsLoaded = try content.keepsLoaded(directory, sampling: sampling, machine: machine)
    pipeline = PipelineActor(
      directory, device: device, dtype: machine.dtype.dtype, keepsLoaded: keepsLoaded,
      threads: machine.place.threads)
  }

  func run(_ job: GenerationJob) async throws {
    let clock = ContinuousClock.now
    let prepared = try await prepare(job)
    var made: Set<Int> = []
    try await make((0..<sampling.count).map { (prepared, $0) }, made: &made)
    report(clips: sampling.count, since: clock)
  }

  /// Checks a job and reads what it is given, before any network is loaded.
  func prepare(_ job: GenerationJob) async throws -> PreparedJob {
    try job.check(count: sampling.count)
    var request = GenerationRequest(
      prompt: job.prompt, negativePrompt: job.negativePrompt, only: job.only, steps: sampling.steps,
      guidanceScale: sampling.guidance, sampler: sampling.sampler, seconds: content.seconds, seed: job.seed)
    let prompt = job.prompt ?? ""
    let negative = job.negativePrompt ?? ""
    let coverage = try await pipeline.withPipeline {
      _ = try $0.promptCoverage(negative)
      return try $0.promptCoverage(prompt)
    }
    var geometry = directory.geometry
    request.size = try await size(of: job)
    if let size = request.size { geometry.size = size }
    let seconds = content.seconds ?? geometry.seconds
    let given = try await givenSeconds(job, wanted: seconds)
    if let given { request.seconds = max(given, GenerationRequest.allowedSeconds.lowerBound) }
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
    sampling.condition.apply(to: &request)
    reporter.note(job.title)
    reporter.event(
      ReportEvent(
        "start", task: job.task.rawValue, model: directory.name, prompt: job.prompt,
        output: job.output.url.relativePath, seed: job.seed))
    warnOfUnknownWords(in: prompt, coverage)
    if let given {
      reporter.warn("the \(job.video != nil ? "video" : "sound") ends after \(given) s; so does the clip")
    }
    return PreparedJob(job: job, request: request, givenSeconds: given)
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
    let information = try await MediaProbe.probe(input)
    guard let end = job.video != nil ? information.videoSeconds : information.audioSeconds,
      end > content.start, wanted - (end - content.start) >= 1 / Double(directory.geometry.frameRate)
    else { return nil }
    return max(0.01, (end - content.start).rounded(to: 2))
  }

  private func warnOfUnknownWords(in prompt: String, _ coverage: PromptCoverage) {
    guard !prompt.allSatisfy(\.isWhitespace), coverage.knownWords.isEmpty, !directory.knownClasses.isEmpty
    else { return }
    reporter.warn(
      "the prompt has no word that '\(directory.name)' knows, so the clip will not follow it; it knows "
        + directory.knownClasses.map(\.name).joined(separator: ", "))
  }

  func write(_ clip: GeneratedClip, of job: GenerationJob, index: Int) async throws {
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
