import Logging
import HTTPTypes
import Foundation
import WorkerProtocol

/// What users want.
extension JobCenter {
  func job(_ id: String) throws -> Job {
    guard let job = try store.job(id) else { throw APIError.notFound("there is no job '\(id)'") }
    return job
  }

  /// Adds a job to the queue.
  ///
  /// - Parameters:
  ///   - file: its input, which is linked, not copied.
  ///   - parent: the job that it is a variation of.
  func create(_ request: ClipRequest, input: JobInput? = nil, file: URL? = nil, parent: String? = nil) throws
    -> JobView
  {
    try checkQueue()
    try makeRoom()
    var job = Job(request, input: input, parent: parent)
    let folder = data.job(job.id)
    do {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      if let file { try FileManager.default.linkItem(at: file, to: data.input(ofJob: job.id)) }
    } catch {
      try? remove(folder)
      throw file == nil ? APIError.storageFull : APIError.notFound("what was uploaded is gone; send it again")
    }
    job.bytes = DataDirectory.bytes(in: folder)
    let inserted = try store.insert(job)
    publish(inserted)
    dispatch()
    return view(of: try self.job(job.id))
  }

  /// - Throws: where too many wait already.
  private func checkQueue() throws {
    let waiting = try store.place(ofTurn: nil)
    guard waiting < options.maxQueue else {
      throw APIError(
        .tooManyRequests, "queue_full", "\(waiting) jobs wait already; try again when some are finished")
    }
  }

  /// - Throws: where there is no room for more even without what may be deleted.
  func makeRoom() throws {
    try keepQuota()
    guard try store.disposable().bytes < options.quota.bytes, data.freeBytes > 64 << 20 else {
      throw APIError.storageFull
    }
  }

  func cancel(_ id: String) throws -> JobView {
    guard try !job(id).status.isFinished else {
      throw APIError(.conflict, "already_finished", "the job is finished; there is nothing to cancel")
    }
    let bytes = DataDirectory.bytes(in: data.job(id))
    let cancelled = try store.update(id) { job in
      job.finish(.cancelled)
      job.bytes = bytes
    }
    endings.removeAll { $0.job == id }
    stop(id)
    forget(id)
    guard let job = cancelled else { throw APIError.notFound("there is no job '\(id)'") }
    metrics.finished(job)
    publish(job)
    publishQueue()
    return view(of: job)
  }

  /// The worker that makes it is told; one that does not listen is ended.
  private func stop(_ id: String) {
    guard let (index, slot) = slots.first(where: { $0.value.job == id }) else { return }
    slot.outbox.yield(.cancel(job: id))
    Task {
      try? await Task.sleep(for: .seconds(15))
      guard let late = slots[index], late.job == id, late.process == slot.process, late.process > 0 else {
        return
      }
      logger.error("a worker does not stop", metadata: ["job": "\(id)"])
      kill(late.process, SIGKILL)
    }
  }

  func retry(_ id: String) throws -> JobView {
    let job = try job(id)
    guard job.status == .failed || job.status == .cancelled else {
      throw APIError(.conflict, "not_failed", "only a job that failed or was cancelled can be tried again")
    }
    guard !slots.values.contains(where: { $0.job == id }) else {
      throw APIError(.conflict, "still_stopping", "the job is being stopped; try again in a moment")
    }
    try checkQueue()
    let queued = try store.update(id, toEnd: true) { job in
      job.interruptions = 0
      job.requeue()
    }
    guard let queued else { throw APIError.notFound("there is no job '\(id)'") }
    publish(queued)
    dispatch()
    return view(of: try self.job(id))
  }

  /// The same again with another seed.
  func vary(_ id: String, seed: UInt64) throws -> JobView {
    let job = try job(id)
    var request = job.request
    request.seed = seed
    return try create(
      request, input: job.input, file: job.input.map { _ in data.input(ofJob: id) }, parent: id)
  }

  func pin(_ id: String, _ pinned: Bool) throws -> JobView {
    guard let job = try store.update(id, { $0.pinned = pinned }) else {
      throw APIError.notFound("there is no job '\(id)'")
    }
    publish(job)
    return view(of: job)
  }

  /// Cancels it where it is not finished, and deletes all of its files.
  func delete(_ id: String) throws {
    _ = try job(id)
    try store.delete(id)
    stop(id)
    forget(id)
    hub.publish(id, .deleted(id))
    publishQueue()
    // Where a worker still writes there, it goes when that has ended, or at the next start.
    attempt { try remove(data.job(id)) }
  }

  func remove(_ folder: URL) throws {
    guard FileManager.default.fileExists(atPath: folder.path(percentEncoded: false)) else { return }
    try FileManager.default.removeItem(at: folder)
  }

  /// Deletes the oldest finished jobs that are not pinned, until the rest fits; none where it never would.
  func keepQuota() throws {
    var (jobs, bytes) = try store.disposable()
    jobs.removeAll { $0.bytes == 0 }
    guard bytes - jobs.reduce(0, { $0 + $1.bytes }) < options.quota.bytes else { return }
    while bytes > options.quota.bytes, let oldest = jobs.first {
      jobs.removeFirst()
      bytes -= oldest.bytes
      logger.info("a job is deleted to make room", metadata: ["job": "\(oldest.id)"])
      try delete(oldest.id)
    }
  }

  /// After a start: forgets files of jobs that are gone, and goes on with those that are not.
  func recover() throws {
    let jobs = try store.recover(most: Self.mostInterruptions)
    for folder in try FileManager.default.contentsOfDirectory(at: data.jobs, includingPropertiesForKeys: nil)
    where !jobs.contains(folder.lastPathComponent) { try remove(folder) }
    let uploads = Set(try store.uploads().map(\.id))
    for file in try FileManager.default.contentsOfDirectory(at: data.uploads, includingPropertiesForKeys: nil)
    where !uploads.contains(file.lastPathComponent) { try remove(file) }
    try keepQuota()
  }

  /// What was uploaded a day ago was used, or never will be.
  func removeOldUploads() {
    attempt {
      for upload in try store.uploads(before: .now.addingTimeInterval(-86_400)) {
        try store.deleteUpload(upload.id)
        try remove(data.upload(upload.id))
      }
    }
  }
}
