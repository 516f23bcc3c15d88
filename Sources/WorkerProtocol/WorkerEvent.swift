/// One line from a worker.
public enum WorkerEvent: Codable, Sendable, Equatable {
  /// Once, as soon as requests are welcome.
  case ready(WorkerDescription)
  case progress(ClipProgress)
  case preview(ClipPreview)
  case done(FinishedClip)
  case failed(job: String, WorkerFailure)
  case cancelled(job: String)
  case plan(id: String, ClipPlan)
  case planFailed(id: String, WorkerFailure)
  /// A line that is no command; everything else goes on.
  case refused(WorkerFailure)

  private enum Kind: String, Codable {
    case ready, progress, preview, done, failed, cancelled, plan, refused
    case planFailed = "plan_failed"
  }
  private enum CodingKeys: String, CodingKey { case type, job, id }

  public init(from decoder: any Decoder) throws {
    let fields = try decoder.container(keyedBy: CodingKeys.self)
    func job() throws -> String { try fields.decode(String.self, forKey: .job) }
    func id() throws -> String { try fields.decode(String.self, forKey: .id) }
    self =
      switch try fields.decode(Kind.self, forKey: .type) {
      case .ready: .ready(try WorkerDescription(from: decoder))
      case .progress: .progress(try ClipProgress(from: decoder))
      case .preview: .preview(try ClipPreview(from: decoder))
      case .done: .done(try FinishedClip(from: decoder))
      case .failed: .failed(job: try job(), try WorkerFailure(from: decoder))
      case .cancelled: .cancelled(job: try job())
      case .plan: .plan(id: try id(), try ClipPlan(from: decoder))
      case .planFailed: .planFailed(id: try id(), try WorkerFailure(from: decoder))
      case .refused: .refused(try WorkerFailure(from: decoder))
      }
  }

  public func encode(to encoder: any Encoder) throws {
    var fields = encoder.container(keyedBy: CodingKeys.self)
    func write(_ kind: Kind, job: String? = nil, id: String? = nil, _ content: (any Encodable)? = nil) throws
    {
      try fields.encode(kind, forKey: .type)
      try fields.encodeIfPresent(job, forKey: .job)
      try fields.encodeIfPresent(id, forKey: .id)
      try content?.encode(to: encoder)
    }
    switch self {
    case .ready(let description): try write(.ready, description)
    case .progress(let progress): try write(.progress, progress)
    case .preview(let preview): try write(.preview, preview)
    case .done(let clip): try write(.done, clip)
    case .failed(let job, let failure): try write(.failed, job: job, failure)
    case .cancelled(let job): try write(.cancelled, job: job)
    case .plan(let id, let plan): try write(.plan, id: id, plan)
    case .planFailed(let id, let failure): try write(.planFailed, id: id, failure)
    case .refused(let failure): try write(.refused, failure)
    }
  }
}

/// What went wrong, in one line, and the exit status that `uniform generate` would have ended with.
public struct WorkerFailure: Codable, Sendable, Equatable, Error {
  public var message: String
  public var exitStatus: Int32
  /// Of the request, where one is to blame.
  public var field: String?

  public init(message: String, exitStatus: Int32, field: String? = nil) {
    self.message = message
    self.exitStatus = exitStatus
    self.field = field
  }

  enum CodingKeys: String, CodingKey {
    case message, field
    case exitStatus = "exit_status"
  }
}
