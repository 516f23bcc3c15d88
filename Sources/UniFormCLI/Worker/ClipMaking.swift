import Foundation
import Media
import Synchronization
import UniForm
import WorkerProtocol

/// Makes one clip: checks, generates, writes, and says what became of it.
struct ClipMaking: Sendable {
  let directory: ModelDirectory
  let pipeline: PipelineActor
  let planning: ClipPlanning
  let channel: WorkerChannel

  func callAsFunction(job id: String, _ request: ClipRequest, folder: URL) async -> WorkerEvent {
    let start = ContinuousClock.now
    let progress = ProgressMessages(job: id, channel: channel)
    // What is cancelled goes on to its next step, of which nobody shall hear.
    defer { progress.close() }
    do {
      let job = try GenerationJob(request, files: FinishedClip.Files(), in: folder)
      try job.check(count: 1)
      try planning.checkMemory(for: job)
      let prepared = try await JobPreparation(directory: directory, pipeline: pipeline)(job)
      let clip = try await generate(prepared, progress)
      progress.send("writing", completed: 0, total: 1)
      try await write(clip, of: job, in: folder)
      let settings: [String: JSONValue] = try JSONLine.decode(from: Data(clip.settings.json.utf8))
      return .done(
        FinishedClip(
          job: id, settings: settings,
          seconds: ((ContinuousClock.now - start) / .seconds(1)).rounded(to: 2),
          notes: (prepared.warnings + clip.notes).map(\.oneLine)))
    } catch {
      if Task.isCancelled { return .cancelled(job: id) }
      return .failed(job: id, WorkerFailure(CommandFailure(error)))
    }
  }

  private func generate(_ prepared: PreparedJob, _ progress: ProgressMessages) async throws -> GeneratedClip {
    let clips = pipeline.clips(of: [prepared.request]) {
      progress.send($0.stage.rawValue, completed: $0.completed, total: $0.total)
      return true
    }
    for try await (_, clip) in clips { return prepared.givenSeconds.map(clip.cut) ?? clip }
    throw CancellationError()
  }

  private func write(_ clip: GeneratedClip, of job: GenerationJob, in folder: URL) async throws {
    let files = FinishedClip.Files()
    func file(_ name: String) -> URL { folder.appending(path: name, directoryHint: .notDirectory) }
    let seconds = clip.settings.seconds
    try await MediaWriter.write(
      picture: clip.picture(of: job), sound: clip.sound(of: job), seconds: seconds,
      comment: try clip.settings.json, to: file(files.clip))
    try await MediaWriter.write(sound: clip.sound(of: job), seconds: seconds, to: file(files.sound))
    let frames = try await clip.shownFrames(of: job)
    try await Sheet(frames, of: clip, job: job, model: directory.name).write(to: file(files.sheet))
    let middle = frames.count / 2 * frames.bytesPerFrame
    try await PNGWriter.write(
      width: frames.width, height: frames.height,
      pixels: Array(frames.pixels[middle..<(middle + frames.bytesPerFrame)]), to: file(files.poster))
    try Task.checkCancellation()
    let peaks = try await ClipPeaks(of: clip, sound: file(files.sound))
    try JSONEncoder().encode(peaks).write(to: file(files.peaks), options: .atomic)
  }
}

/// Progress as messages, not more than ten a second.
final class ProgressMessages: Sendable {
  private struct State {
    var meter = RateMeter()
    var last: ContinuousClock.Instant?
    var isClosed = false
  }

  private let job: String
  private let channel: WorkerChannel
  private let state = Mutex(State())

  init(job: String, channel: WorkerChannel) {
    self.job = job
    self.channel = channel
  }

  func close() { state.withLock { $0.isClosed = true } }

  func send(_ stage: String, completed: Int, total: Int, now: ContinuousClock.Instant = .now) {
    state.withLock { state in
      let isNew = state.meter.update(stage: stage, completed: completed, at: now)
      if let last = state.last, !isNew, completed < total, now - last < .milliseconds(100) { return }
      guard !state.isClosed else { return }
      state.last = now
      let rate = state.meter.rate
      channel.send(
        .progress(
          ClipProgress(
            job: job, stage: stage, step: completed, steps: total, rate: rate?.rounded(to: 3),
            secondsLeft: rate.map { (Double(total - completed) / $0).rounded(to: 1) },
            memoryBytes: MachineMemory.resident?.now)))
    }
  }
}
