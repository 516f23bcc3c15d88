import Foundation
import GRDB
import Synchronization

/// A job in a list, without all that is to be said about it.
struct JobEntry: Codable, Sendable, FetchableRecord {
  let number: Int64
  let id: String
  let status: JobStatus
  let turn: Int64
  let revision: Int64
}

/// The jobs on disk. Every change is one transaction: whatever ends the process, it is there, or never was.
final class JobStore: Sendable {
  private let pool: DatabasePool
  private let changes = Mutex(0)

  /// Counts up with every change, once it is there for all.
  var version: Int { changes.withLock(\.self) }

  private func write<Value>(_ change: (Database) throws -> Value) throws -> Value {
    defer { changes.withLock { $0 += 1 } }
    return try pool.write(change)
  }

  init(_ file: URL) throws {
    do {
      pool = try DatabasePool(path: file.path(percentEncoded: false))
      try Self.migrator.migrate(pool)
    } catch {
      throw ServerFailure(
        "the list of jobs '\(file.path(percentEncoded: false))' cannot be used: \(error)", 74)
    }
  }
}

// MARK: Changes

extension JobStore {
  /// Adds a job to the end of the queue.
  func insert(_ job: Job) throws -> Job {
    try write { db in
      var job = job
      job.turn = try Self.nextTurn(db)
      job.revision = try Self.nextRevision(db)
      return try job.insertAndFetch(db)
    }
  }

  /// Changes a job where there is one.
  ///
  /// - Parameter toEnd: whether it takes its place at the end of the queue.
  @discardableResult
  func update(_ id: String, toEnd: Bool = false, _ change: (inout Job) throws -> Void) throws -> Job? {
    try write { db in
      guard var job = try Job.filter(Job.Columns.id == id).fetchOne(db) else { return nil }
      try change(&job)
      if toEnd { job.turn = try Self.nextTurn(db) }
      job.revision = try Self.nextRevision(db)
      try job.update(db)
      return job
    }
  }

  /// That it is gone stays known for a day, for those who do not listen now.
  func delete(_ id: String) throws {
    try write { db in
      guard try Job.filter(Job.Columns.id == id).deleteAll(db) > 0 else { return }
      let revision = try Self.nextRevision(db)
      try db.execute(
        sql: "INSERT INTO deletions (id, revision, deleted_at) VALUES (?, ?, ?)",
        arguments: [id, revision, Date.now])
      try db.execute(
        sql: "DELETE FROM deletions WHERE deleted_at < ?", arguments: [Date.now.addingTimeInterval(-86_400)])
    }
  }

  private static func nextTurn(_ db: Database) throws -> Int64 {
    (try Int64.fetchOne(db, Job.select(max(Job.Columns.turn))) ?? 0) + 1
  }

  private static func nextRevision(_ db: Database) throws -> Int64 {
    try db.execute(sql: "UPDATE revisions SET latest = latest + 1")
    return try Int64.fetchOne(db, sql: "SELECT latest FROM revisions") ?? 1
  }

  /// What a server that is gone was making waits again, at its old place.
  ///
  /// - Parameter most: the interruptions that end a job.
  /// - Returns: the ids of all jobs.
  func recover(most: Int) throws -> Set<String> {
    try write { db in
      for var job in try Job.filter(Job.Columns.status == JobStatus.running.rawValue).fetchAll(db) {
        job.interruptions += 1
        if job.interruptions < most {
          job.requeue()
        } else {
          job.finish(
            .failed,
            error: JobError(
              code: "interrupted",
              message: "the server or its worker ended \(job.interruptions) times while it made this clip"))
        }
        job.revision = try Self.nextRevision(db)
        try job.update(db)
      }
      return Set(try String.fetchAll(db, Job.select(Job.Columns.id)))
    }
  }
}

// MARK: Questions

extension JobStore {
  func job(_ id: String) throws -> Job? {
    try pool.read { db in try Job.filter(Job.Columns.id == id).fetchOne(db) }
  }

  /// Those whose turn it is next.
  func queued(limit: Int) throws -> [Job] {
    try pool.read { db in
      try Job.filter(Job.Columns.status == JobStatus.queued.rawValue).order(Job.Columns.turn).limit(limit)
        .fetchAll(db)
    }
  }

  /// The turns of those that wait, in their order.
  func turns() throws -> [Int64] {
    try pool.read { db in
      try Int64.fetchAll(
        db,
        Job.filter(Job.Columns.status == JobStatus.queued.rawValue).order(Job.Columns.turn)
          .select(Job.Columns.turn))
    }
  }

  /// How many wait, up to the one with this turn; nil for all.
  func place(ofTurn turn: Int64?) throws -> Int {
    try pool.read { db in
      let queued = Job.filter(Job.Columns.status == JobStatus.queued.rawValue)
      return try (turn.map { queued.filter(Job.Columns.turn <= $0) } ?? queued).fetchCount(db)
    }
  }

  func jobs(_ ids: [String]) throws -> [String: Job] {
    try pool.read { db in
      let jobs = try Job.filter(ids.contains(Job.Columns.id)).fetchAll(db)
      return Dictionary(uniqueKeysWithValues: jobs.map { ($0.id, $0) })
    }
  }

  /// How many jobs there are of each status.
  func counts() throws -> [JobStatus: Int] {
    try pool.read { db in
      let rows = try Row.fetchAll(db, sql: "SELECT status, COUNT(*) AS count FROM jobs GROUP BY status")
      return Dictionary(
        uniqueKeysWithValues: rows.compactMap { row in
          JobStatus(rawValue: row["status"]).map { ($0, row["count"]) }
        })
    }
  }

  struct Query: Sendable, Hashable {
    var limit = 50
    /// Only jobs with lower numbers; higher ones where ascending.
    var after: Int64?
    var ascending = false
    var status: JobStatus?
    var task: String?
    var pinned: Bool?
    /// Part of the prompt, in any case.
    var search: String?
  }

  /// Newest first, unless ascending; one more than the limit where there are more.
  func jobs(_ query: Query) async throws -> [Job] {
    try await pool.read { db in try Self.request(query).fetchAll(db) }
  }

  /// The same jobs by what tells whether they are known already.
  func entries(_ query: Query) async throws -> [JobEntry] {
    try await pool.read { db in
      try Self.request(query).select(
        Job.Columns.number, Job.Columns.id, Job.Columns.status, Job.Columns.turn, Job.Columns.revision
      ).asRequest(of: JobEntry.self).fetchAll(db)
    }
  }

  private static func request(_ query: Query) -> QueryInterfaceRequest<Job> {
    var request = Job.all()
    if let after = query.after {
      request = request.filter(query.ascending ? Job.Columns.number > after : Job.Columns.number < after)
    }
    if let status = query.status { request = request.filter(Job.Columns.status == status.rawValue) }
    if let task = query.task { request = request.filter(Job.Columns.task == task) }
    if let pinned = query.pinned { request = request.filter(Job.Columns.pinned == pinned) }
    if let search = query.search {
      let escaped = search.replacing(/[%_\\]/) { "\\" + $0.output }
      // By itself, SQLite knows the case of ASCII alone.
      request = request.filter(
        Job.Columns.prompt.lowercased.like("%\(escaped.lowercased())%", escape: "\\"))
    }
    return request.order(query.ascending ? Job.Columns.number.asc : Job.Columns.number.desc)
      .limit(query.limit + 1)
  }

  /// Those that changed after `revision`, in the order of their changes.
  ///
  /// - Parameter onlyActive: whether only those that wait or run.
  func changes(after revision: Int64, onlyActive: Bool, limit: Int) throws -> [Job] {
    try pool.read { db in
      var request = Job.filter(Job.Columns.revision > revision)
      if onlyActive {
        let active = [JobStatus.queued, .running].map(\.rawValue)
        request = request.filter(active.contains(Job.Columns.status))
      }
      return try request.order(Job.Columns.revision).limit(limit).fetchAll(db)
    }
  }

  /// The ids of jobs that were deleted after `revision`, as far as that is still known.
  func deletions(after revision: Int64) throws -> [String] {
    try pool.read { db in
      try String.fetchAll(
        db, sql: "SELECT id FROM deletions WHERE revision > ? ORDER BY revision", arguments: [revision])
    }
  }

  /// Finished jobs that may be deleted, oldest first, and the bytes of all jobs and uploads.
  func disposable() throws -> (jobs: [(id: String, bytes: Int)], bytes: Int) {
    try pool.read { db in
      let sum = try Int.fetchOne(
        db, sql: "SELECT SUM(bytes) FROM (SELECT bytes FROM jobs UNION ALL SELECT bytes FROM uploads)")
      let rows = try Row.fetchAll(
        db,
        sql: """
          SELECT id, bytes FROM jobs WHERE NOT pinned AND status IN ('succeeded', 'failed', 'cancelled')
          ORDER BY finished_at
          """)
      return (rows.map { ($0["id"], $0["bytes"]) }, sum ?? 0)
    }
  }
}

// MARK: Uploads

extension JobStore {
  func insert(_ upload: Upload) throws { try write { db in try upload.insert(db) } }

  func upload(_ id: String) throws -> Upload? {
    try pool.read { db in try Upload.filter(Column("id") == id).fetchOne(db) }
  }

  func deleteUpload(_ id: String) throws {
    _ = try write { db in try Upload.filter(Column("id") == id).deleteAll(db) }
  }

  func uploads(before date: Date = .distantFuture) throws -> [Upload] {
    try pool.read { db in try Upload.filter(Column("created_at") < date).fetchAll(db) }
  }
}
