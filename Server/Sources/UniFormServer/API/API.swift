import Foundation
import HTTPTypes
import Hummingbird
import WorkerProtocol

/// The answers to all routes.
struct API: Sendable {
  typealias Handler = @Sendable (Request, ServerContext) async throws -> Response

  let center: JobCenter
  let receiver: UploadReceiver
  let options: ServerOptions
  let token: String?
  let document: Data

  func handler(for route: Route) -> Handler {
    switch route {
    case .model: showModel
    case .plan: plan
    case .createUpload: createUpload
    case .createJob: createJob
    case .listJobs: listJobs
    case .getJob: { _, context in try await show { try await center.view(of: center.job(id(context))) } }
    case .changeJob: changeJob
    case .deleteJob: deleteJob
    case .cancelJob: { _, context in try await show { try await center.cancel(id(context)) } }
    case .retryJob: { _, context in try await show { try await center.retry(id(context)) } }
    case .varyJob: varyJob
    case .watchJob: { request, context in try await watch(try id(context), request) }
    case .watchAll: { request, _ in try await watch(nil, request) }
    case .media: media
    case .startSession: startSession
    case .endSession: { _, _ in session(nil) }
    case .document:
      { _, _ in
        Response(
          status: .ok, headers: [.contentType: "application/json; charset=utf-8"],
          body: ResponseBody(byteBuffer: ByteBuffer(bytes: document)))
      }
    case .createVideo: createVideo
    case .listVideos: listVideos
    case .getVideo: getVideo
    case .deleteVideo: deleteVideo
    case .videoContent: videoContent
    case .health: health
    case .metrics: showMetrics
    }
  }

  func id(_ context: ServerContext) throws -> String { try context.parameters.require("id") }

  /// What the model is; there is one from the start of the server on.
  var model: WorkerDescription {
    get async throws {
      guard let description = await center.description else {
        throw APIError(.serviceUnavailable, "unavailable", "the model is being loaded")
      }
      return description
    }
  }

  func show(status: HTTPResponse.Status = .ok, _ view: () async throws -> JobView) async throws -> Response {
    try JSONBody.response(try await view(), status: status)
  }
}
