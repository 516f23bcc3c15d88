import Foundation
import GRDB
import WorkerProtocol

enum JobStatus: String, Codable, Sendable, CaseIterable {
  case queued, running, succeeded, failed, cancelled

  var isFinished: Bool { self != .queued && self != .running }
}

/// A file that a job was given.
struct JobInput: Codable, Sendable, Equatable {
  enum Kind: String, Codable, Sendable { case video, audio }

  /// What the user called it; never a path here.
  var name: String
  var kind: Kind
  /// As it is sent back.
  var mediaType: String

  enum CodingKeys: String, CodingKey {
    case name, kind
    case mediaType = "media_type"
  }
}

struct JobError: Codable, Sendable, Equatable {
  var code: String
  var message: String
  /// Of the request, where one is to blame.
  var field: String?
}

/// One clip to make, and what became of it: a row of the table of jobs.
struct Job: Codable, Sendable, Equatable, FetchableRecord, PersistableRecord {
  static let databaseTableName = "jobs"

  /// Counts up with every job.
  var number: Int64?
  var id: String
  var status = JobStatus.queued
  var task: String
  /// Without the path of its input, which follows from the id.
  var request: ClipRequest
  var input: JobInput?
  var createdAt: Date
  var startedAt: Date?
  var finishedAt: Date?
  /// Those that are queued go in this order.
  var turn: Int64 = 0
  /// Counts up with every change of any job; no number is given twice.
  var revision: Int64 = 0
  /// How often a worker began it.
  var attempts = 0
  /// How often the server or a worker ended while it was made.
  var interruptions = 0
  var error: JobError?
  var settings: [String: JSONValue]?
  var notes: [String] = []
  var pinned = false
  var parent: String?
  /// Of its folder: what it was given, and once it is finished, everything.
  var bytes = 0

  enum CodingKeys: String, CodingKey {
    case number, id, status, task, request, input, turn, revision, attempts, interruptions, error, settings
    case notes, pinned, parent, bytes
    case createdAt = "created_at"
    case startedAt = "started_at"
    case finishedAt = "finished_at"
  }

  enum Columns {
    static let number = Column("number")
    static let id = Column("id")
    static let status = Column("status")
    static let task = Column("task")
    static let prompt = Column("prompt")
    static let turn = Column("turn")
    static let revision = Column("revision")
    static let pinned = Column("pinned")
    static let finishedAt = Column("finished_at")
  }

  mutating func didInsert(_ inserted: InsertionSuccess) { number = inserted.rowID }

  init(_ request: ClipRequest, input: JobInput? = nil, parent: String? = nil) {
    id = Identifier.make("job")
    self.request = request
    self.input = input
    self.parent = parent
    task =
      switch (input?.kind, request.only) {
      case (.video, _): "v2a"
      case (.audio, _): "a2v"
      case (nil, .audio): "t2a"
      case (nil, .video): "t2v"
      case (nil, nil): "t2av"
      }
    createdAt = .now
  }

  mutating func finish(_ status: JobStatus, error: JobError? = nil) {
    self.status = status
    self.error = error
    finishedAt = .now
  }

  static let tasks = ["t2av", "v2a", "a2v", "t2a", "t2v"]

  /// Puts it back into the queue.
  mutating func requeue() {
    status = .queued
    (startedAt, finishedAt, error, settings) = (nil, nil, nil, nil)
    notes = []
  }
}
