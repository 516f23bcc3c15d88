import Foundation
import HTTPTypes
import Hummingbird
import Logging

/// The outermost layer: every failure becomes a JSON error, every answer gets the headers that keep browsers safe, and
/// is counted.
struct AnswerMiddleware: RouterMiddleware {
  let metrics: Metrics
  let logger: Logger

  static let securityHeaders: HTTPFields = [
    .contentSecurityPolicy:
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
      + "media-src 'self' blob:; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    .xContentTypeOptions: "nosniff",
    HTTPField.Name("Referrer-Policy")!: "no-referrer",
    HTTPField.Name("Cross-Origin-Resource-Policy")!: "same-origin",
    HTTPField.Name("Cross-Origin-Opener-Policy")!: "same-origin",
  ]

  func handle(
    _ request: Request, context: ServerContext, next: (Request, ServerContext) async throws -> Response
  ) async throws -> Response {
    let start = ContinuousClock.now
    var response: Response
    do {
      response = try await next(request, context)
    } catch {
      let failure = APIError(error)
      if failure.status.code >= 500 {
        logger.error(
          "a request failed",
          metadata: ["path": "\(request.uri.path)", "code": "\(failure.code)", "error": "\(error)"])
      }
      response = failure.response(isVideos: request.uri.components.first == "v1")
    }
    for field in Self.securityHeaders { response.headers[field.name] = field.value }
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    metrics.answered(
      method: request.method.rawValue, route: context.endpointPath ?? "none", status: response.status.code,
      seconds: seconds)
    logger.debug(
      "answered",
      metadata: [
        "method": "\(request.method)", "path": "\(request.uri.path)", "status": "\(response.status.code)",
        "address": "\(context.address)",
      ])
    return response
  }
}
