import Foundation
import Hummingbird
import Logging
import WorkerProtocol

/// Who makes what: gives jobs to workers, and writes down what becomes of them.
actor JobCenter {
  /// A worker that runs.
  struct Slot {
    let outbox: AsyncStream<WorkerRequest>.Continuation
    var isReady = false
    var job: String?
    var process: Int32 = 0
    var memoryBytes = 0
  }

  nonisolated let store: JobStore
  nonisolated let hub: EventHub
  nonisolated let metrics: Metrics
  nonisolated let data: DataDirectory
  nonisolated let options: ServerOptions
  nonisolated let logger: Logger
  /// What the first worker that was ready said.
  var description: WorkerDescription?
  var slots: [Int: Slot] = [:]
  var progress: [String: ClipProgress] = [:]
  private var published: [String: ContinuousClock.Instant] = [:]
  var plans: [String: (slot: Int, continuation: CheckedContinuation<ClipPlan, any Error>)] = [:]
  private var readiness: CheckedContinuation<Void, any Error>?
  private var failure: ServerFailure?
  var isClosed = false

  init(
    store: JobStore, hub: EventHub, metrics: Metrics, data: DataDirectory, options: ServerOptions,
    logger: Logger
  ) {
    self.store = store
    self.hub = hub
    self.metrics = metrics
    self.data = data
    self.options = options
    self.logger = logger
  }

  /// - Throws: `ServerFailure` where the first worker cannot start.
  func awaitReady() async throws {
    if let failure { throw failure }
    guard description == nil else { return }
    try await withCheckedThrowingContinuation { readiness = $0 }
  }

  func becomesReady(_ description: WorkerDescription) {
    self.description = self.description ?? description
    readiness?.resume()
    readiness = nil
  }

  func cannotStart(_ failure: ServerFailure) {
    self.failure = failure
    readiness?.resume(throwing: failure)
    readiness = nil
  }

  /// Puts what runs back into the queue, and lets the workers end.
  func close() {
    isClosed = true
    for slot in slots.values {
      if let job = slot.job {
        attempt { try store.update(job) { if $0.status == .running { $0.requeue() } } }
      }
      slot.outbox.finish()
    }
    hub.close()
  }

  /// What the disk does not take is logged; there is nobody to tell.
  func attempt(_ change: () throws -> Void) {
    do {
      try change()
    } catch {
      logger.error("the list of jobs could not be changed: \(error)")
    }
  }
}

// MARK: What is shown

extension JobCenter {
  func view(of job: Job) -> JobView { views(of: [job])[0] }

  func views(of jobs: [Job]) -> [JobView] {
    let queue = jobs.contains { $0.status == .queued } ? (try? store.queue()) ?? [] : []
    let places = Dictionary(uniqueKeysWithValues: queue.enumerated().map { ($1, $0 + 1) })
    return jobs.map { JobView(job: $0, progress: progress[$0.id], position: places[$0.id]) }
  }

  func publish(_ job: Job) { hub.publish(job.id, view(of: job).event) }

  /// Each job's progress not more than four times a second.
  func publishProgress(_ job: Job, now: ContinuousClock.Instant = .now) {
    if let last = published[job.id], now - last < .milliseconds(250) { return }
    published[job.id] = now
    publish(job)
  }

  func forget(_ job: String) {
    progress[job] = nil
    published[job] = nil
  }

  /// Those that wait have other places now.
  func publishQueue() {
    for view in views(of: (try? store.queued(limit: 50)) ?? []) { hub.publish(view.job.id, view.event) }
  }

  /// What a watcher has to know first: what changed since the event that it saw last, or else what is going on.
  func opening(job id: String?, lastEvent: Int64?) throws -> ByteBuffer {
    var buffer = ByteBuffer(string: "retry: 2000\n\n")
    let jobs =
      if let id { [try job(id)] } else { try store.changes(after: lastEvent, limit: 500) }
    for view in views(of: jobs) {
      var event = view.event
      buffer.writeBuffer(&event)
    }
    return buffer
  }
}
