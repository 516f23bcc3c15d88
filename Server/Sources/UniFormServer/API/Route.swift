import HTTPTypes
import Hummingbird

/// Everything that is answered besides the studio's files; the document of the interface lists the same.
enum Route: String, CaseIterable, Sendable {
  case model = "GET /api/v1/model"
  case plan = "POST /api/v1/plan"
  case createUpload = "POST /api/v1/uploads"
  case createJob = "POST /api/v1/jobs"
  case listJobs = "GET /api/v1/jobs"
  case getJob = "GET /api/v1/jobs/{id}"
  case changeJob = "PATCH /api/v1/jobs/{id}"
  case deleteJob = "DELETE /api/v1/jobs/{id}"
  case cancelJob = "POST /api/v1/jobs/{id}/cancel"
  case retryJob = "POST /api/v1/jobs/{id}/retry"
  case varyJob = "POST /api/v1/jobs/{id}/vary"
  case watchJob = "GET /api/v1/jobs/{id}/events"
  case watchAll = "GET /api/v1/events"
  case media = "GET /api/v1/jobs/{id}/media/{name}"
  case startSession = "POST /api/v1/session"
  case endSession = "DELETE /api/v1/session"
  case document = "GET /api/v1/openapi.json"
  case createVideo = "POST /v1/videos"
  case listVideos = "GET /v1/videos"
  case getVideo = "GET /v1/videos/{id}"
  case deleteVideo = "DELETE /v1/videos/{id}"
  case videoContent = "GET /v1/videos/{id}/content"
  case health = "GET /healthz"
  case metrics = "GET /metrics"

  var method: HTTPRequest.Method {
    HTTPRequest.Method(rawValue: String(rawValue.prefix { $0 != " " })) ?? .get
  }
  var path: String { String(rawValue.drop { $0 != " " }.dropFirst()) }
}
