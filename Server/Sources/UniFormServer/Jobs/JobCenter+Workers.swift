import Logging
import HTTPTypes
import Foundation
import WorkerProtocol

/// What workers do and say.
extension JobCenter {
  /// - Returns: whether a worker is wanted.
  func workerStarts(_ index: Int, outbox: AsyncStream<WorkerRequest>.Continuation) -> Bool {
    guard !isClosed else { return false }
    slots[index] = Slot(outbox: outbox)
    return true
  }

  func received(_ event: WorkerEvent, from index: Int, process: Int32) {
    slots[index]?.process = process
    switch event {
    case .ready(let description):
      slots[index]?.isReady = true
      becomesReady(description)
      logger.info(
        "a worker is ready", metadata: ["model": "\(description.model)", "device": "\(description.device)"])
      dispatch()
    case .progress(let progress):
      slots[index]?.memoryBytes = progress.memoryBytes ?? 0
      guard let job = try? store.job(progress.job), job.status == .running else { return }
      self.progress[job.id] = progress
      if progress.stage == "denoising", let rate = progress.rate { metrics.stepRate(rate) }
      publishProgress(job)
    case .preview(let preview):
      guard let job = try? store.job(preview.job), job.status == .running else { return }
      showPreview(preview.step, of: job)
    case .done(let clip):
      finish(clip.job, in: index) { job in
        job.finish(.succeeded)
        job.settings = clip.settings
        job.notes = clip.notes
      }
    case .failed(let job, let failure):
      finish(job, in: index) { $0.finish(.failed, error: JobError(failure)) }
    case .cancelled(let job):
      finish(job, in: index) { $0.finish(.cancelled) }
    case .plan(let id, let plan):
      plans.removeValue(forKey: id)?.continuation.resume(returning: plan)
    case .planFailed(let id, let failure):
      let error = JobError(failure)
      plans.removeValue(forKey: id)?.continuation.resume(
        throwing: APIError(.unprocessableContent, error.code, error.message, field: error.field))
    case .refused(let failure):
      logger.error("a worker refused a message: \(failure.message)")
    }
  }

  /// - Returns: whether another one is wanted.
  func workerEnded(_ index: Int, _ ending: WorkerEnding) -> Bool {
    guard let slot = slots.removeValue(forKey: index) else { return !isClosed }
    slot.outbox.finish()
    for (id, plan) in plans where plan.slot == index {
      plans[id] = nil
      plan.continuation.resume(
        throwing: APIError(.serviceUnavailable, "unavailable", "the worker ended; try again"))
    }
    guard !isClosed else { return false }
    logger.error("a worker \(ending.reason)", metadata: ["worker": "\(index)"])
    metrics.workerEnded()
    if let job = slot.job, !goOn(job) {
      let error = JobError(
        code: ending.memoryRanOut ? "out_of_memory" : "worker_crashed",
        message: "the worker that made this clip \(ending.reason)")
      finish(job, in: index) { $0.finish(.failed, error: error) }
    }
    if description == nil { cannotStart(ServerFailure("the worker \(ending.reason)", ending.exitStatus)) }
    return true
  }

  /// Puts a job back to its place in the queue where its worker got further with it before it ended: the next one goes on
  /// from there. What ends workers without that would end the next one, too.
  private func goOn(_ id: String) -> Bool {
    let state = data.job(id).appending(path: JobFolder.state).path(percentEncoded: false)
    let attributes = try? FileManager.default.attributesOfItem(atPath: state)
    guard let saved = attributes?[.modificationDate] as? Date else { return false }
    var queued: Job?
    attempt {
      let job = try store.update(id) { job in
        guard job.status == .running, job.interruptions + 1 < Self.mostInterruptions,
          let start = job.startedAt, saved > start
        else { return }
        job.interruptions += 1
        job.requeue()
      }
      if job?.status == .queued { queued = job }
    }
    guard let queued else { return false }
    forget(id)
    logger.warning("a job goes on in another worker", metadata: ["job": "\(id)"])
    publish(queued)
    dispatch()
    publishQueue()
    return true
  }

  /// A worker is done with a job, which is written down before it begins the next one.
  private func finish(_ id: String, in index: Int, _ change: @escaping (inout Job) -> Void) {
    if slots[index]?.job == id { slots[index]?.job = nil }
    forget(id)
    endings.append(Ending(job: id, change: change))
    dispatch()
  }

  /// Writes down how jobs ended; what the disk does not take is kept for the next time.
  func writeEndings() {
    let waiting = endings
    endings = []
    for ending in waiting {
      if !attempt({ try write(ending) }) { endings.append(ending) }
    }
  }

  /// Writes down the end of a job, unless something else was said about it meanwhile: that it is cancelled, or deleted.
  private func write(_ ending: Ending) throws {
    let folder = data.job(ending.job)
    let bytes = DataDirectory.bytes(in: folder)
    var isFinished = false
    let job = try store.update(ending.job) { job in
      job.bytes = bytes
      guard job.status == .running else { return }
      isFinished = true
      ending.change(&job)
      job.finishedAt = ending.time
    }
    guard let job else { return try remove(folder) }
    guard isFinished else { return }
    metrics.finished(job)
    logger.info(
      "a job is finished",
      metadata: [
        "job": "\(job.id)", "status": "\(job.status.rawValue)", "error": "\(job.error?.message ?? "")",
      ])
    publish(job)
    attempt { try keepQuota() }
  }

  /// Gives those whose turn it is to workers that have nothing to do.
  func dispatch() {
    writeEndings()
    guard !isClosed else { return }
    var isChanged = false
    for (index, slot) in slots where slot.isReady && slot.job == nil {
      attempt {
        guard let next = try store.queued(limit: 1).first else { return }
        let started = try store.update(next.id) { job in
          job.status = .running
          job.startedAt = .now
          job.attempts += 1
        }
        guard let job = started else { return }
        var request = job.request
        let path = data.input(ofJob: job.id).path(percentEncoded: false)
        switch job.input?.kind {
        case .video: request.video = path
        case .audio: request.audio = path
        case nil: break
        }
        slots[index]?.job = job.id
        slot.outbox.yield(
          .generate(job: job.id, request: request, folder: data.job(job.id).path(percentEncoded: false)))
        metrics.started(job)
        publish(job)
        isChanged = true
      }
    }
    if isChanged { publishQueue() }
  }

  /// Asks a worker what a clip would take.
  func plan(_ request: ClipRequest) async throws -> ClipPlan {
    guard
      let (index, slot) = slots.first(where: { $0.value.isReady && $0.value.job == nil })
        ?? slots.first(where: { $0.value.isReady })
    else { throw APIError(.serviceUnavailable, "unavailable", "no worker is ready; try again in a moment") }
    let id = Identifier.make("plan")
    return try await withCheckedThrowingContinuation { continuation in
      plans[id] = (index, continuation)
      slot.outbox.yield(.plan(id: id, request: request))
    }
  }
}

extension JobError {
  init(_ failure: WorkerFailure) {
    let code =
      switch failure.exitStatus {
      case 64: "invalid_request"
      case 65, 66: "unusable_input"
      case 73, 74: "storage_failed"
      case 75: "out_of_memory"
      default: "failed"
      }
    let field = failure.field.map { ["video", "audio"].contains($0) ? "upload" : $0 }
    self.init(code: code, message: failure.message, field: field)
  }
}
