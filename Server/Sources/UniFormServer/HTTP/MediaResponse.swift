import Foundation
import HTTPTypes
import Hummingbird

/// A file as an answer: whole, or the range that was asked for.
struct MediaResponse {
  let file: URL
  let mediaType: String
  /// What a download is called.
  let name: String

  /// - Throws: 404 where the file is not there, 416 for a range that lies outside of it.
  func callAsFunction(_ request: Request, _ context: ServerContext) async throws -> Response {
    let path = file.path(percentEncoded: false)
    guard let attributes = try? FileManager.default.attributesOfItem(atPath: path),
      let size = (attributes[.size] as? NSNumber)?.intValue, let date = attributes[.modificationDate] as? Date
    else { throw APIError.notFound("there is no such file") }
    let tag = "\"\(String(size, radix: 36))-\(String(Int(date.timeIntervalSince1970 * 1000), radix: 36))\""
    var headers: HTTPFields = [
      .contentType: mediaType, .eTag: tag, .acceptRanges: "bytes", .cacheControl: "private, no-cache",
    ]
    if request.uri.values["download"] != nil {
      headers[.contentDisposition] = "attachment; filename=\"\(name)\""
    }
    if let known = request.headers[.ifNoneMatch],
      known.split(separator: ",").contains(where: { $0.trimmingCharacters(in: .whitespaces) == tag })
    {
      return Response(status: .notModified, headers: headers)
    }
    let isFresh = request.headers[.ifRange].map { $0 == tag } ?? true
    let wanted = isFresh ? request.headers[.range].map { ByteRange($0, size: size) } ?? .all : .all
    let io = FileIO()
    switch wanted {
    case .all:
      return Response(
        status: .ok, headers: headers, body: try await io.loadFile(path: path, context: context))
    case .part(let range):
      headers[.contentRange] = "bytes \(range.lowerBound)-\(range.upperBound)/\(size)"
      return Response(
        status: .partialContent, headers: headers,
        body: try await io.loadFile(path: path, range: range, context: context))
    case .outside:
      var response = APIError(.rangeNotSatisfiable, "outside", "the file has \(size) bytes").response(
        isVideos: false)
      response.headers[.contentRange] = "bytes */\(size)"
      return response
    }
  }
}

/// The header `Range`. More ranges than one, and units other than bytes, are answered with everything, as RFC 9110
/// allows.
enum ByteRange: Equatable {
  case all
  case part(ClosedRange<Int>)
  case outside

  init(_ header: String, size: Int) {
    guard let match = header.wholeMatch(of: /bytes=\s*(\d*)-(\d*)\s*/), match.1 != "" || match.2 != "" else {
      self = .all
      return
    }
    // A number that does not fit is beyond any end.
    let (first, last) = (
      match.1 == "" ? nil : Int(match.1) ?? .max, match.2 == "" ? nil : Int(match.2) ?? .max
    )
    switch (first, last) {
    case (nil, let count?):
      self = count == 0 || size == 0 ? .outside : .part(max(0, size - count)...(size - 1))
    case (let first?, let last):
      if let last, last < first {
        self = .all
      } else {
        self = first >= size ? .outside : .part(first...min(last ?? .max, size - 1))
      }
    case (nil, nil): self = .all
    }
  }
}
