import Foundation
import HTTPTypes
import Hummingbird
import ServiceLifecycle
import WorkerProtocol

extension API {
  func createJob(_ request: Request, _ context: ServerContext) async throws -> Response {
    let fields = try await RequestFields(request, allowed: ClipRequest.fieldNames.union(["upload"]))
    let upload = try upload(fields)
    let clip = try ClipRequest(fields, model: try await model, input: upload?.kind)
    let file = upload.map { center.data.upload($0.id) }
    return try await show(status: .created) {
      try await center.create(clip, input: upload?.input, file: file)
    }
  }

  /// The upload that a request names.
  private func upload(_ fields: RequestFields) throws -> Upload? {
    guard let id = try fields.string("upload") else { return nil }
    guard let upload = try center.store.upload(id) else {
      throw APIError.invalid("there is no upload '\(id.prefix(100))'; send the file again", field: "upload")
    }
    return upload
  }

  func plan(_ request: Request, _ context: ServerContext) async throws -> Response {
    let fields = try await RequestFields(request, allowed: ClipRequest.fieldNames.union(["upload"]))
    let upload = try upload(fields)
    var clip = try ClipRequest(fields, model: try await model, input: upload?.kind)
    let file = upload.map { center.data.upload($0.id).path(percentEncoded: false) }
    clip.video = upload?.kind == .video ? file : nil
    clip.audio = upload?.kind == .audio ? file : nil
    return try JSONBody.response(try await center.plan(clip))
  }

  func listJobs(_ request: Request, _ context: ServerContext) async throws -> Response {
    var query = JobStore.Query()
    let parameters = request.uri.values
    if let limit = parameters["limit"] {
      guard let limit = Int(limit), (1...200).contains(limit) else {
        throw APIError.invalid("'limit' has to be a whole number from 1 to 200", field: "limit")
      }
      query.limit = limit
    }
    if let cursor = parameters["cursor"] {
      guard let number = Int64(cursor) else { throw APIError.invalid("'cursor' is none", field: "cursor") }
      query.after = number
    }
    if let status = parameters["status"] {
      guard let status = JobStatus(rawValue: status) else {
        throw APIError.invalid("'status' is no status of a job", field: "status")
      }
      query.status = status
    }
    if let task = parameters["task"] {
      guard Job.tasks.contains(task) else {
        throw APIError.invalid("'task' has to be one of \(Job.tasks.joined(separator: ", "))", field: "task")
      }
      query.task = task
    }
    if let pinned = parameters["pinned"] {
      guard let pinned = Bool(pinned) else {
        throw APIError.invalid("'pinned' has to be true or false", field: "pinned")
      }
      query.pinned = pinned
    }
    query.search = parameters["search"].flatMap { $0.isEmpty ? nil : String($0.prefix(200)) }
    return JSONBody.response(try await center.page(query))
  }

  func changeJob(_ request: Request, _ context: ServerContext) async throws -> Response {
    let fields = try await RequestFields(request, allowed: ["pinned"])
    guard let pinned = try fields.boolean("pinned") else {
      throw APIError.invalid("'pinned' is what can be changed", field: "pinned")
    }
    return try await show { try await center.pin(try id(context), pinned) }
  }

  func deleteJob(_ request: Request, _ context: ServerContext) async throws -> Response {
    try await center.delete(try id(context))
    return Response(status: .noContent)
  }

  func varyJob(_ request: Request, _ context: ServerContext) async throws -> Response {
    let fields = try await RequestFields(request, allowed: ["seed"])
    let seed = UInt64(try fields.integer("seed", ClipRequest.seeds) ?? .random(in: 0..<1 << 32))
    return try await show(status: .created) { try await center.vary(try id(context), seed: seed) }
  }

  /// The files of a job, by names that are known.
  private static let mediaTypes = [
    "clip.mp4": "video/mp4", "clip.wav": "audio/wav", "sheet.png": "image/png", "poster.png": "image/png",
    "peaks.json": "application/json", JobFolder.preview: "image/png",
  ]

  func media(_ request: Request, _ context: ServerContext) async throws -> Response {
    let job = try await center.job(try id(context))
    let name = try context.parameters.require("name")
    if name == "input", let input = job.input {
      return try await MediaResponse(
        file: center.data.input(ofJob: job.id), mediaType: input.mediaType, name: "input")(request, context)
    }
    guard let type = Self.mediaTypes[name] else { throw APIError.notFound("a job has no such file") }
    guard job.status == (name == JobFolder.preview ? .running : .succeeded) else {
      throw APIError.notFound("the job has no such file, for it is \(job.status)")
    }
    return try await MediaResponse(
      file: center.data.job(job.id).appending(path: name), mediaType: type, name: "\(job.id)-\(name)")(
        request, context)
  }

  /// Server-sent events: what a job is like, or of all jobs what changed since the event that was seen last, or else what
  /// goes on; then each time that changes.
  func watch(_ job: String?, _ request: Request) async throws -> Response {
    let last = request.headers[.init("Last-Event-ID")!].flatMap { Int64($0) }
    if let job { _ = try await center.job(job) }
    try center.hub.checkRoom()
    return Response(
      status: .ok,
      headers: [
        .contentType: "text/event-stream; charset=utf-8", .cacheControl: "no-store",
        .init("X-Accel-Buffering")!: "no",
      ],
      body: ResponseBody { [center] writer in
        // Not before somebody reads: whoever is gone already, or asks for the head alone, watches nothing.
        let watcher = try center.hub.watch(job)
        defer { center.hub.leave(watcher) }
        try await writer.write(ByteBuffer(string: "retry: 2000\n\n"))
        if let job {
          try await writer.write(try await center.view(of: center.job(job)).event)
        } else {
          for job in try last.map(center.store.deletions(after:)) ?? [] {
            try await writer.write(.deleted(job))
          }
          var told = last ?? 0
          while let page = try await center.changes(after: told, onlyActive: last == nil) {
            try await writer.write(page.events)
            told = page.revision
          }
        }
        try await withGracefulShutdownHandler {
          while let events = await watcher.next() { try await writer.write(events) }
        } onGracefulShutdown: {
          watcher.close()
        }
        try await writer.finish(nil)
      })
  }
}

extension ByteBuffer {
  /// The event that a job is gone. It has no number: what changed before may come behind it.
  static func deleted(_ job: String) -> ByteBuffer {
    ByteBuffer(string: "event: deleted\ndata: {\"id\":\"\(job)\"}\n\n")
  }
}
