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
  /// One line each.
  let warnings: [String]
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
    try directory.check(sampling.sampler)
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
    let prepared = try await JobPreparation(directory: directory, pipeline: pipeline)(job)
    reporter.note(job.title)
    reporter.event(
      ReportEvent(
        "start", task: job.task.rawValue, model: directory.name, prompt: job.prompt,
        output: job.output.url.relativePath, seed: job.seed))
    prepared.warnings.forEach(reporter.warn)
    return prepared
  }

  func write(_ clip: GeneratedClip, of job: GenerationJob, index: Int) async throws {
    let clip = clip.recording(job)
    let url = job.output.url.numbered(index, of: sampling.count)
    let sheetURL = job.sheet?.numbered(index, of: sampling.count)
    let wantsSheet = sheetURL != nil || job.output.kind == .sheet
    let sheet =
      wantsSheet ? Sheet(try await clip.shownFrames(of: job), of: clip, job: job, model: directory.name) : nil
    switch job.output.kind {
    case .sheet: try await sheet?.write(to: url)
    case .clip:
      try await MediaWriter.write(
        picture: clip.picture(of: job), sound: clip.sound(of: job),
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

  func report(clips: Int, skipped: Int = 0, failed: Int = 0, since start: ContinuousClock.Instant) {
    let seconds = (.now - start) / Duration.seconds(1)
    reporter.event(
      ReportEvent("done", clips: clips, skipped: skipped, failed: failed, seconds: seconds.rounded(to: 1)))
    let extra = (skipped > 0 ? ", \(skipped) skipped" : "") + (failed > 0 ? ", \(failed) failed" : "")
    reporter.note("\(clips) \(clips == 1 ? "clip" : "clips")\(extra) in \(ProgressLine.duration(seconds))")
  }
}
