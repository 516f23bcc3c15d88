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
  /// What it runs; a clip is gone on with only where all of that is the same.
  let model: WorkerDescription
  /// Whether networks stay loaded: otherwise a preview would load them twice.
  let keepsLoaded: Bool

  func callAsFunction(_ order: ClipOrder) async -> WorkerEvent {
    let start = ContinuousClock.now
    let progress = ProgressMessages(job: order.job, channel: channel)
    // What is cancelled goes on to its next step, of which nobody shall hear.
    defer { progress.close() }
    do {
      let job = try GenerationJob(order.request, files: FinishedClip.Files(), in: order.folder)
      try job.check(count: 1)
      try planning.checkMemory(for: job)
      let prepared = try await JobPreparation(directory: directory, pipeline: pipeline)(job)
      let clip = try await generate(prepared, order, progress).recording(job)
      progress.send("writing", completed: 0, total: 1)
      let files = try await write(clip, of: job, in: order)
      let settings: [String: JSONValue] = try JSONLine.decode(from: Data(clip.settings.json.utf8))
      return .done(
        FinishedClip(
          job: order.job, files: files, settings: settings,
          seconds: ((ContinuousClock.now - start) / .seconds(1)).rounded(to: 2),
          notes: (prepared.warnings + clip.notes).map(\.oneLine)))
    } catch {
      if Task.isCancelled { return .cancelled(job: order.job) }
      return .failed(job: order.job, WorkerFailure(error, of: order.request))
    }
  }

  /// Goes on from what another process left, and leaves the same. Where the task is cancelled it returns at once; the
  /// pipeline ends at its next step.
  private func generate(
    _ prepared: PreparedJob, _ order: ClipOrder, _ progress: ProgressMessages
  ) async throws -> GeneratedClip {
    let request = prepared.request
    let trail = DenoisingTrail(
      order, key: try order.key(model),
      previewSeconds: keepsLoaded ? await planning.previewSeconds(of: prepared.job) : nil, channel: channel)
    let clips = AsyncThrowingStream<GeneratedClip, any Error> { continuation in
      let work = Task {
        do {
          let clip = try await pipeline.withPipeline { pipeline in
            let observer = trail.observer(pipeline, request) { content, step, steps in
              try await Sheet(content, of: prepared.job, step: step, of: steps)
                .write(to: order.file(JobFolder.preview))
            }
            return try pipeline.generate(request, observer: observer) {
              progress.send($0.stage.rawValue, completed: $0.completed, total: $0.total)
              return !Task.isCancelled
            }
          }
          continuation.yield(clip)
          continuation.finish()
        } catch {
          continuation.finish(throwing: error)
        }
      }
      continuation.onTermination = { _ in work.cancel() }
    }
    let clip: GeneratedClip?
    do {
      clip = try await clips.first { _ in true }
    } catch {
      await trail.close()
      throw error
    }
    await trail.close()
    guard let clip else { throw CancellationError() }
    return prepared.givenSeconds.map(clip.cut) ?? clip
  }

  /// Files of what the task does not make are left out.
  private func write(_ clip: GeneratedClip, of job: GenerationJob, in order: ClipOrder) async throws
    -> FinishedClip.Files
  {
    var files = FinishedClip.Files()
    let seconds = clip.settings.seconds
    let sound = clip.sound(of: job)
    try await MediaWriter.write(
      picture: clip.picture(of: job), sound: sound, seconds: seconds, comment: try clip.settings.json,
      to: order.file(files.clip))
    if let sound, let name = files.sound, let peaksName = files.peaks {
      try await MediaWriter.write(sound: sound, seconds: seconds, to: order.file(name))
      try Task.checkCancellation()
      let peaks = try await ClipPeaks(of: clip, sound: order.file(name))
      let encoder = JSONEncoder()
      // The same clip has the same bytes.
      encoder.outputFormatting = .sortedKeys
      try encoder.encode(peaks).write(to: order.file(peaksName), options: .atomic)
    } else {
      (files.sound, files.peaks) = (nil, nil)
    }
    if job.only != .audio, let sheet = files.sheet, let poster = files.poster {
      let frames = try await clip.shownFrames(of: job)
      try await Sheet(frames, of: clip, job: job, model: directory.name).write(to: order.file(sheet))
      let middle = frames.count / 2 * frames.bytesPerFrame
      try await PNGWriter.write(
        width: frames.width, height: frames.height,
        pixels: Array(frames.pixels[middle..<(middle + frames.bytesPerFrame)]), to: order.file(poster))
    } else {
      (files.sheet, files.poster) = (nil, nil)
    }
    try Task.checkCancellation()
    return files
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
