import WorkerProtocol
import Foundation
import HTTPTypes
import Hummingbird

/// A refusal, with a reason for people and a code for programs.
struct APIError: Error, Equatable {
  let status: HTTPResponse.Status
  let code: String
  let message: String
  /// The part of the request that is wrong.
  var field: String?
  /// Seconds until it is worth trying again.
  var retryAfter: Int?

  init(
    _ status: HTTPResponse.Status, _ code: String, _ message: String, field: String? = nil,
    retryAfter: Int? = nil
  ) {
    self.status = status
    self.code = code
    self.message = message
    self.field = field
    self.retryAfter = retryAfter
  }

  static func notFound(_ message: String) -> APIError { APIError(.notFound, "not_found", message) }
  static func invalid(_ message: String, field: String? = nil) -> APIError {
    APIError(.unprocessableContent, "invalid_request", message, field: field)
  }
  static let storageFull = APIError(
    .insufficientStorage, "storage_full", "there is no room for more clips; delete some, or unpin them")
}

extension HTTPResponse.Status {
  static let insufficientStorage = HTTPResponse.Status(code: 507, reasonPhrase: "Insufficient Storage")
}

extension APIError {
  /// Whatever was thrown while a request was answered.
  init(_ error: any Error) {
    switch error {
    case let error as APIError: self = error
    case let error as any HTTPResponseError:
      let (code, message) =
        switch error.status {
        case .notFound: ("not_found", "there is nothing at this address")
        case .contentTooLarge: ("too_large", "the request is too large")
        case .methodNotAllowed: ("method_not_allowed", "this address does not know the method")
        default: ("bad_request", error.status.reasonPhrase)
        }
      self.init(error.status, code, message)
    default:
      self.init(.internalServerError, "internal", "something went wrong in the server; its log says what")
    }
  }

  /// - Parameter isVideos: in the shape of the video-generation interface.
  func response(isVideos: Bool) -> Response {
    let content: JSONBody =
      isVideos
      ? JSONBody([
        "message": .string(message), "param": field.map { .string($0) } ?? .null, "code": .string(code),
        "type": .string(status.code < 500 ? "invalid_request_error" : "server_error"),
      ])
      : JSONBody([
        "code": .string(code), "message": .string(message), "field": field.map { .string($0) } ?? .null,
      ])
    var response =
      (try? JSONBody.response(["error": content.value], status: status)) ?? Response(status: status)
    if let retryAfter { response.headers[.retryAfter] = "\(retryAfter)" }
    if status == .unauthorized { response.headers[.wwwAuthenticate] = "Bearer" }
    return response
  }
}
