import Foundation
import HTTPTypes
import Hummingbird
import WorkerProtocol

/// JSON that is sent.
struct JSONBody {
  let value: JSONValue
  init(_ fields: [String: JSONValue]) { value = .object(fields) }

  static func encode(_ value: some Encodable) throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return try encoder.encode(value)
  }

  static func response(_ value: some Encodable, status: HTTPResponse.Status = .ok) throws -> Response {
    response(ByteBuffer(bytes: try encode(value)), status: status)
  }

  /// - Parameter json: encoded already.
  static func response(_ json: ByteBuffer, status: HTTPResponse.Status = .ok) -> Response {
    Response(
      status: status,
      headers: [.contentType: "application/json; charset=utf-8", .cacheControl: "no-store"],
      body: ResponseBody(byteBuffer: json))
  }
}

/// JSON that is received: an object of known fields, each of its type.
struct RequestFields: Sendable {
  private let fields: [String: JSONValue]

  /// - Throws: for content that is no such object, or has other fields than `allowed`.
  init(_ request: Request, allowed: Set<String>, limit: Int = 1 << 17) async throws {
    if let type = request.headers[.contentType], !type.lowercased().hasPrefix("application/json") {
      throw APIError(.unsupportedMediaType, "unsupported_media", "the content has to be application/json")
    }
    let body: ByteBuffer
    do {
      body = try await request.body.collect(upTo: limit)
    } catch {
      throw APIError(.contentTooLarge, "too_large", "the request is larger than \(limit) bytes")
    }
    let value: JSONValue
    do {
      let bytes = Data(body.readableBytesView)
      value = bytes.isEmpty ? .object([:]) : try JSONDecoder().decode(JSONValue.self, from: bytes)
    } catch {
      throw APIError(.badRequest, "invalid_json", "the content is no JSON")
    }
    guard case .object(let fields) = value else {
      throw APIError(.badRequest, "invalid_json", "the content is no JSON object")
    }
    try self.init(fields, allowed: allowed)
  }

  init(_ fields: [String: JSONValue], allowed: Set<String>) throws {
    if let unknown = fields.keys.filter({ !allowed.contains($0) }).min() {
      throw APIError.invalid(
        "'\(unknown.prefix(100))' is unknown; known are \(allowed.sorted().joined(separator: ", "))",
        field: String(unknown.prefix(100)))
    }
    self.fields = fields.filter { $0.value != .null }
  }

  func has(_ name: String) -> Bool { fields[name] != nil }

  func string(_ name: String) throws -> String? {
    switch fields[name] {
    case nil: nil
    case .string(let text): text
    default: throw APIError.invalid("'\(name)' has to be a string", field: name)
    }
  }

  /// One of the names that a type has.
  func choice<Choice: RawRepresentable<String> & CaseIterable>(_ name: String) throws -> Choice? {
    guard let text = try string(name) else { return nil }
    guard let choice = Choice(rawValue: text) else {
      let names = Choice.allCases.map(\.rawValue).joined(separator: " or ")
      throw APIError.invalid("'\(name)' has to be \(names)", field: name)
    }
    return choice
  }

  /// A number, or a text that is one.
  func number(_ name: String) throws -> Double? {
    switch fields[name] {
    case nil: return nil
    case .integer(let number): return Double(number)
    case .number(let number): return number
    case .string(let text):
      if let number = Double(text), number.isFinite { return number }
      fallthrough
    default: throw APIError.invalid("'\(name)' has to be a number", field: name)
    }
  }

  func integer(_ name: String, _ range: ClosedRange<Int>) throws -> Int? {
    guard let number = try number(name) else { return nil }
    guard let integer = Int(exactly: number), range.contains(integer) else {
      throw APIError.invalid(
        "'\(name)' has to be a whole number from \(range.lowerBound) to \(range.upperBound)", field: name)
    }
    return integer
  }

  func boolean(_ name: String) throws -> Bool? {
    switch fields[name] {
    case nil: nil
    case .boolean(let value): value
    default: throw APIError.invalid("'\(name)' has to be true or false", field: name)
    }
  }
}
