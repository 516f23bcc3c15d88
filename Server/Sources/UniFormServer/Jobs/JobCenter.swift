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

  /// How a job ended, until that is written down.
  struct Ending {
    let job: String
    let time = Date.now
    let change: (inout Job) -> Void
  }

  /// How many ends of the server, or of a worker, end a job that was being made.
  static let mostInterruptions = 5

  nonisolated let store: JobStore
  nonisolated let hub: EventHub
  nonisolated let metrics: Metrics
  nonisolated let data: DataDirectory
  nonisolated let options: ServerOptions
  nonisolated let logger: Logger
  /// What the first worker that was ready said.
  var description: WorkerDescription?
  var slots: [Int: Slot] = [:]
  var endings: [Ending] = []
  var progress: [String: ClipProgress] = [:]
  /// Steps of the latest preview of each job that has one.
  var previews: [String: Int] = [:]
  private var published: [String: ContinuousClock.Instant] = [:]
  var plans: [String: (slot: Int, continuation: CheckedContinuation<ClipPlan, any Error>)] = [:]
  private var cache = EncodedJobs()
  /// Counts up with progress that is published; beside the changes of the store, what lists tell.
  private var progressVersion = 0
  private var pages: [JobStore.Query: (version: [Int], page: ByteBuffer)] = [:]
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
    writeEndings()
    for slot in slots.values {
      if let job = slot.job {
        attempt { try store.update(job) { if $0.status == .running { $0.requeue() } } }
      }
      slot.outbox.finish()
    }
    hub.close()
  }

  /// What the disk does not take is logged; there is nobody to tell.
  ///
  /// - Returns: whether it took it.
  @discardableResult
  func attempt(_ change: () throws -> Void) -> Bool {
    do {
      try change()
      return true
    } catch {
      logger.error("the list of jobs could not be changed: \(error)")
      return false
    }
  }
}

// MARK: What is shown

extension JobCenter {
  func view(of job: Job) -> JobView {
    view(of: job, position: job.status == .queued ? try? store.place(ofTurn: job.turn) : nil)
  }

  func views(of jobs: [Job]) -> [JobView] {
    let places = places(jobs.contains { $0.status == .queued })
    return jobs.map { view(of: $0, position: places($0.turn)) }
  }

  private func view(of job: Job, position: Int?) -> JobView {
    JobView(job: job, progress: progress[job.id], preview: previews[job.id], position: position)
  }

  /// The place in the queue that a turn stands for, from 1.
  private func places(_ isWanted: Bool) -> (Int64) -> Int? {
    let turns = isWanted ? (try? store.turns()) ?? [] : []
    let places = Dictionary(uniqueKeysWithValues: turns.enumerated().map { ($1, $0 + 1) })
    return { places[$0] }
  }

  /// A page of jobs as JSON: as it was, where nothing changed since.
  func page(_ query: JobStore.Query) async throws -> ByteBuffer {
    let version = [store.version, progressVersion]
    if let known = pages[query], known.version == version { return known.page }
    let entries = try await store.entries(query)
    let listed = Array(entries.prefix(query.limit))
    let jobs = try encoded(listed)
    var page = ByteBuffer(string: "{\"jobs\":[")
    page.reserveCapacity(jobs.reduce(64) { $0 + $1.readableBytes + 1 })
    for (index, job) in jobs.enumerated() {
      if index > 0 { page.writeString(",") }
      page.writeImmutableBuffer(job)
    }
    // Where the next page begins; null on the last one.
    let next = entries.count > query.limit ? listed.last.map { "\"\($0.number)\"" } : nil
    page.writeString("],\"next\":\(next ?? "null")}")
    if pages.count >= 100 { pages = [:] }
    pages[query] = (version, page)
    return page
  }

  /// Jobs as JSON. What did not change since it was encoded is not read again: many may list at once, while clips are made.
  private func encoded(_ entries: [JobEntry]) throws -> [ByteBuffer] {
    let places = places(entries.contains { $0.status == .queued })
    func known(_ entry: JobEntry) -> ByteBuffer? {
      let position = entry.status == .queued ? places(entry.turn) : nil
      return cache.json(entry.id, revision: entry.revision, position: position)
    }
    var found = entries.map(known)
    let missing = entries.indices.filter { found[$0] == nil }
    guard !missing.isEmpty else { return found.compactMap(\.self) }
    let jobs = try store.jobs(missing.map { entries[$0].id })
    for index in missing {
      // One that was deleted meanwhile is left out.
      guard let job = jobs[entries[index].id] else { continue }
      let view = view(of: job, position: job.status == .queued ? places(job.turn) : nil)
      let json = ByteBuffer(bytes: try JSONBody.encode(view))
      if job.status != .running {
        cache.keep(json, of: job.id, revision: job.revision, position: view.position)
      }
      found[index] = json
    }
    return found.compactMap(\.self)
  }

  func publish(_ job: Job) {
    if hub.count > 0 { hub.publish(job.id, view(of: job).event) }
  }

  /// Each job's progress not more than four times a second, and less often where many watch.
  func publishProgress(_ job: Job, now: ContinuousClock.Instant = .now) {
    let pause = max(.milliseconds(250), .milliseconds(hub.count) * 5 / 2)
    if let last = published[job.id], now - last < pause { return }
    published[job.id] = now
    progressVersion += 1
    publish(job)
  }

  func showPreview(_ step: Int, of job: Job) {
    previews[job.id] = step
    progressVersion += 1
    publish(job)
  }

  func forget(_ job: String) {
    progressVersion += 1
    progress[job] = nil
    previews[job] = nil
    published[job] = nil
  }

  /// Those that wait have other places now.
  func publishQueue() {
    guard hub.count > 0 else { return }
    for (index, job) in ((try? store.queued(limit: options.maxQueue)) ?? []).enumerated() {
      hub.publish(job.id, view(of: job, position: index + 1).event)
    }
  }

  /// A page of events about what changed after `revision`, up to another one; nil where there is nothing.
  func changes(after revision: Int64, onlyActive: Bool) throws -> (events: ByteBuffer, revision: Int64)? {
    let jobs = try store.changes(after: revision, onlyActive: onlyActive, limit: 500)
    guard let last = jobs.last else { return nil }
    var events = ByteBuffer()
    for view in views(of: jobs) {
      var event = view.event
      events.writeBuffer(&event)
    }
    return (events, last.revision)
  }
}

/// Jobs as they were encoded last.
struct EncodedJobs {
  private var known: [String: (revision: Int64, position: Int?, json: ByteBuffer)] = [:]
  private static let capacity = 2000

  func json(_ id: String, revision: Int64, position: Int?) -> ByteBuffer? {
    guard let entry = known[id], entry.revision == revision, entry.position == position else { return nil }
    return entry.json
  }

  mutating func keep(_ json: ByteBuffer, of id: String, revision: Int64, position: Int?) {
    if known.count >= Self.capacity { known = [:] }
    known[id] = (revision, position, json)
  }
}
