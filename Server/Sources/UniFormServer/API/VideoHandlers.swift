import Foundation
import HTTPTypes
import Hummingbird
import WorkerProtocol

/// A job in the shape of the widely used interface for making videos. Its id is that of the job, with another beginning.
private struct VideoView: Encodable {
  let view: JobView
  let model: WorkerDescription

  private enum Key: String, CodingKey {
    case id, object, status, progress, model, prompt, seconds, size, error
    case createdAt = "created_at"
    case completedAt = "completed_at"
    case expiresAt = "expires_at"
    case remixedFrom = "remixed_from_video_id"
  }

  func encode(to encoder: any Encoder) throws {
    let (job, defaults) = (view.job, model.defaults)
    var fields = encoder.container(keyedBy: Key.self)
    try fields.encode(job.id.asVideo, forKey: .id)
    try fields.encode("video", forKey: .object)
    try fields.encode(status, forKey: .status)
    try fields.encode(percent, forKey: .progress)
    try fields.encode(Int(job.createdAt.timeIntervalSince1970), forKey: .createdAt)
    try fields.encode(job.finishedAt.map { Int($0.timeIntervalSince1970) }, forKey: .completedAt)
    try fields.encode(Int?.none, forKey: .expiresAt)
    try fields.encode(model.model, forKey: .model)
    try fields.encode(job.request.prompt, forKey: .prompt)
    let seconds = job.request.seconds ?? defaults.seconds
    try fields.encode(seconds == seconds.rounded() ? "\(Int(seconds))" : "\(seconds)", forKey: .seconds)
    try fields.encode(job.request.size ?? "\(defaults.width)x\(defaults.height)", forKey: .size)
    try fields.encode(error, forKey: .error)
    try fields.encode(job.parent?.asVideo, forKey: .remixedFrom)
  }

  private var status: String {
    switch view.job.status {
    case .queued: "queued"
    case .running: "in_progress"
    case .succeeded: "completed"
    case .failed, .cancelled: "failed"
    }
  }

  private var error: JobError? {
    view.job.status == .cancelled
      ? JobError(code: "cancelled", message: "the job was cancelled") : view.job.error
  }

  /// Denoising takes nearly all of the time.
  private var percent: Int {
    guard view.job.status == .running else { return view.job.status == .succeeded ? 100 : 0 }
    guard let progress = view.progress, progress.steps > 0 else { return 0 }
    switch progress.stage {
    case "denoising": return 5 + 85 * progress.step / progress.steps
    case "encoding text", "encoding condition": return 2
    default: return 95
    }
  }
}

extension String {
  fileprivate var asVideo: String { "video_" + drop { $0 != "_" }.dropFirst() }
  fileprivate var asJob: String { hasPrefix("video_") ? "job_" + dropFirst(6) : self }
}

private struct VideoPage: Encodable {
  let object = "list"
  let data: [VideoView]
  let hasMore: Bool

  private enum Key: String, CodingKey {
    case object, data
    case firstID = "first_id"
    case lastID = "last_id"
    case hasMore = "has_more"
  }

  func encode(to encoder: any Encoder) throws {
    var fields = encoder.container(keyedBy: Key.self)
    try fields.encode(object, forKey: .object)
    try fields.encode(data, forKey: .data)
    try fields.encode(data.first?.view.job.id.asVideo, forKey: .firstID)
    try fields.encode(data.last?.view.job.id.asVideo, forKey: .lastID)
    try fields.encode(hasMore, forKey: .hasMore)
  }
}

extension API {
  private func show(video view: JobView) async throws -> Response {
    try JSONBody.response(VideoView(view: view, model: try await model))
  }

  /// The job of a video.
  private func video(_ context: ServerContext) async throws -> Job {
    let id = try id(context)
    guard id.hasPrefix("video_"), let job = try center.store.job(id.asJob) else {
      throw APIError.notFound("there is no video '\(id.prefix(100))'")
    }
    return job
  }

  private static let videoFields: Set<String> = ["prompt", "model", "seconds", "size", "seed"]

  func createVideo(_ request: Request, _ context: ServerContext) async throws -> Response {
    let fields: RequestFields
    var upload: Upload?
    // The job links the file; what was uploaded has served, also where there is no job.
    defer { if let upload { forget(upload) } }
    if (request.headers[.contentType] ?? "").lowercased().hasPrefix("multipart/") {
      try await center.makeRoom()
      let content = try await receiver.receive(request, name: "file", field: "input_reference")
      if content.file != nil { upload = try await keep(content) }
      fields = try RequestFields(content.fields, allowed: Self.videoFields)
    } else {
      fields = try await RequestFields(request, allowed: Self.videoFields)
    }
    let description = try await model
    if let name = try fields.string("model"), name != description.model {
      throw APIError.invalid("this server has the model '\(description.model)' alone", field: "model")
    }
    let clip = try ClipRequest(fields, model: description, input: upload?.kind)
    let file = upload.map { center.data.upload($0.id) }
    return try await show(video: try await center.create(clip, input: upload?.input, file: file))
  }

  private func forget(_ upload: Upload) {
    try? center.store.deleteUpload(upload.id)
    try? FileManager.default.removeItem(at: center.data.upload(upload.id))
  }

  func listVideos(_ request: Request, _ context: ServerContext) async throws -> Response {
    let parameters = request.uri.values
    var query = JobStore.Query(limit: 20)
    if let limit = parameters["limit"] {
      guard let limit = Int(limit), (1...100).contains(limit) else {
        throw APIError.invalid("'limit' has to be a whole number from 1 to 100", field: "limit")
      }
      query.limit = limit
    }
    if let order = parameters["order"] {
      guard ["asc", "desc"].contains(order) else {
        throw APIError.invalid("'order' has to be asc or desc", field: "order")
      }
      query.ascending = order == "asc"
    }
    if let after = parameters["after"] {
      guard let job = try center.store.job(after.asJob) else {
        throw APIError.invalid("there is no video '\(after.prefix(100))'", field: "after")
      }
      query.after = job.number
    }
    let jobs = try await center.store.jobs(query)
    let description = try await model
    let views = await center.views(of: Array(jobs.prefix(query.limit)))
    return try JSONBody.response(
      VideoPage(
        data: views.map { VideoView(view: $0, model: description) }, hasMore: jobs.count > query.limit))
  }

  func getVideo(_ request: Request, _ context: ServerContext) async throws -> Response {
    let job = try await video(context)
    return try await show(video: await center.view(of: job))
  }

  func deleteVideo(_ request: Request, _ context: ServerContext) async throws -> Response {
    let job = try await video(context)
    try await center.delete(job.id)
    return try JSONBody.response(
      JSONBody(["id": .string(job.id.asVideo), "object": .string("video.deleted"), "deleted": .boolean(true)])
        .value)
  }

  func videoContent(_ request: Request, _ context: ServerContext) async throws -> Response {
    let job = try await video(context)
    let (name, type): (String, String)
    switch request.uri.values["variant"] {
    case nil, "video": (name, type) = ("clip.mp4", "video/mp4")
    case "thumbnail": (name, type) = ("poster.png", "image/png")
    case "spritesheet": (name, type) = ("sheet.png", "image/png")
    default:
      throw APIError.invalid("'variant' has to be video, thumbnail or spritesheet", field: "variant")
    }
    guard job.status == .succeeded else {
      throw APIError.notFound("the video has no content, for it is not completed")
    }
    return try await MediaResponse(
      file: center.data.job(job.id).appending(path: name), mediaType: type, name: "\(job.id.asVideo)-\(name)")(
        request, context)
  }
}
