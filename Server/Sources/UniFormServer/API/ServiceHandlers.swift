import Foundation
import HTTPTypes
import Hummingbird
import WorkerProtocol

/// What a server says of itself.
private struct ServerView: Encodable {
  struct Limits: Encodable {
    let uploadBytes: Int
    let uploadSeconds: Double
    let uploadSide: Int
    let queue: Int
    let quotaBytes: Int

    enum CodingKeys: String, CodingKey {
      case queue
      case uploadBytes = "upload_bytes"
      case uploadSeconds = "upload_seconds"
      case uploadSide = "upload_side"
      case quotaBytes = "quota_bytes"
    }
  }

  let model: WorkerDescription
  let server: Limits

  private enum Key: CodingKey { case server }

  func encode(to encoder: any Encoder) throws {
    try model.encode(to: encoder)
    var fields = encoder.container(keyedBy: Key.self)
    try fields.encode(server, forKey: .server)
  }
}

extension API {
  func showModel(_ request: Request, _ context: ServerContext) async throws -> Response {
    let limits = ServerView.Limits(
      uploadBytes: options.maxUpload.bytes, uploadSeconds: MediaInspection.longestSeconds,
      uploadSide: MediaInspection.longestSide, queue: options.maxQueue, quotaBytes: options.quota.bytes)
    return try JSONBody.response(ServerView(model: try await model, server: limits))
  }

  /// Whether the server lives, and can make clips.
  func health(_ request: Request, _ context: ServerContext) async throws -> Response {
    let ready = await center.slots.values.count { $0.isReady }
    return try JSONBody.response(
      JSONBody(["status": .string(ready > 0 ? "ok" : "no_worker"), "workers": .integer(Int64(ready))]).value,
      status: ready > 0 ? .ok : .serviceUnavailable)
  }

  func showMetrics(_ request: Request, _ context: ServerContext) async throws -> Response {
    let memory = await center.slots.values.filter(\.isReady).map(\.memoryBytes)
    let text = center.metrics.text(
      jobs: try center.store.counts(), memory: memory, watchers: center.hub.count)
    return Response(
      status: .ok, headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
      body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
  }

  /// Keeps a token that was shown in a cookie, which a page cannot read.
  func startSession(_ request: Request, _ context: ServerContext) async throws -> Response {
    let fields = try await RequestFields(request, allowed: ["token"])
    guard let shown = try fields.string("token"), let token, GuardMiddleware.isEqual(shown, token) else {
      throw APIError(.unauthorized, "unauthorized", "that is not the token of this server", field: "token")
    }
    return session(token)
  }

  func session(_ token: String?) -> Response {
    let value = token.map { "\($0); Max-Age=2592000" } ?? "; Max-Age=0"
    return Response(
      status: .noContent,
      headers: [.setCookie: "\(GuardMiddleware.cookie)=\(value); Path=/; HttpOnly; SameSite=Strict"])
  }
}
