import Foundation
import HTTPTypes
import Hummingbird
import Synchronization
import WorkerProtocol

/// Writes what is sent to disk as it arrives, within bounds of size and time.
struct UploadReceiver: Sendable {
  /// What came: one file at most, and words.
  struct Content: Sendable {
    var file: (id: String, name: String, bytes: Int)?
    var fields: [String: JSONValue] = [:]
  }

  let data: DataDirectory
  let limit: Int
  let longest: Duration
  private let places: UploadPlaces
  /// Of all fields of a form together, names and texts.
  private static let mostFieldBytes = 1 << 18
  private static let mostParts = 32
  /// What a form may have besides its file.
  private static let overhead = 1 << 20

  init(data: DataDirectory, options: ServerOptions) {
    self.data = data
    limit = options.maxUpload.bytes
    longest = .seconds(options.uploadSeconds)
    places = UploadPlaces(options.maxUploads)
  }
}

extension UploadReceiver {
  /// - Parameter field: of a form, that of the file; nil for any.
  /// - Throws: what is too large, too slow or malformed, with nothing left on disk.
  func receive(_ request: Request, name: String, field: String?) async throws -> Content {
    if let length = request.headers[.contentLength].flatMap({ Int($0) }), length > limit + Self.overhead {
      throw tooLarge
    }
    try places.take()
    defer { places.free() }
    // What the others may still bring counts as taken.
    let room = data.freeBytes / places.taken
    guard room > limit, room - limit > 64 << 20 else { throw APIError.storageFull }
    return try await withThrowingTaskGroup(of: Content.self) { group in
      group.addTask { try await content(of: request, name: name, field: field) }
      group.addTask {
        try await Task.sleep(for: longest)
        throw APIError(.requestTimeout, "too_slow", "the upload took longer than \(longest)")
      }
      defer { group.cancelAll() }
      return try await group.next() ?? Content()
    }
  }

  private var tooLarge: APIError {
    APIError(
      .contentTooLarge, "too_large",
      "it is too large: a file may have \(ByteSize(limit).defaultValueDescription), all other fields 256 KB")
  }

  private func content(of request: Request, name: String, field: String?) async throws -> Content {
    let id = Identifier.make("upload")
    let file = data.upload(id)
    var content = Content()
    do {
      guard let type = request.headers[.contentType], type.lowercased().hasPrefix("multipart/") else {
        var output = try FileWriter(file, limit: limit, tooLarge: tooLarge)
        var body = request.body.makeAsyncIterator()
        while let buffer = try await next(&body) { try output.write(buffer.readableBytesView) }
        try output.close()
        content.file = (id, name, output.bytes)
        return content
      }
      guard var parser = MultipartParser(contentType: type) else { throw malformed }
      var output: FileWriter?
      var text: (name: String, data: Data)?
      var (received, parts, fieldBytes) = (0, 0, 0)
      var body = request.body.makeAsyncIterator()
      while let buffer = try await next(&body) {
        received += buffer.readableBytes
        guard received <= limit + Self.overhead else { throw tooLarge }
        for event in try parser.events(with: buffer.readableBytesView) {
          switch event {
          case .part(let part, let filename):
            parts += 1
            guard let filename else {
              fieldBytes += part.utf8.count
              text = (part, Data())
              break
            }
            guard content.file == nil, field == nil || part == field else {
              throw APIError.invalid(
                "one file can be sent, as '\(field ?? "file")'", field: String(part.prefix(100)))
            }
            output = try FileWriter(file, limit: limit, tooLarge: tooLarge)
            content.file = (id, filename, 0)
          case .data(let bytes):
            try output?.write(bytes)
            if text != nil { fieldBytes += bytes.count }
            text?.data.append(bytes)
          case .endOfPart:
            if let finished = output {
              try finished.close()
              content.file?.bytes = finished.bytes
              output = nil
            }
            if let text { content.fields[text.name] = .string(String(decoding: text.data, as: UTF8.self)) }
            text = nil
          }
          guard parts <= Self.mostParts, fieldBytes <= Self.mostFieldBytes else { throw tooLarge }
        }
      }
      guard parser.isComplete else { throw malformed }
      return content
    } catch {
      try? FileManager.default.removeItem(at: file)
      if error is MultipartParser.Malformed { throw malformed }
      throw error
    }
  }

  /// The next piece of a body, whose sender may be gone.
  private func next(_ body: inout RequestBody.AsyncIterator) async throws -> ByteBuffer? {
    do {
      return try await body.next()
    } catch let error as any HTTPResponseError {
      throw error
    } catch {
      try Task.checkCancellation()
      throw APIError(.badRequest, "incomplete_upload", "the connection ended before the upload was complete")
    }
  }

  private var malformed: APIError {
    APIError(.badRequest, "malformed_form", "the form is not complete, or no multipart/form-data")
  }
}

/// How many may send at once: a slow sender keeps one place, never all of the server.
private final class UploadPlaces: Sendable {
  private let limit: Int
  private let count = Mutex(0)

  init(_ limit: Int) { self.limit = limit }

  var taken: Int { count.withLock(\.self) }

  func take() throws {
    try count.withLock { count in
      guard count < limit else {
        throw APIError(
          .tooManyRequests, "too_many_uploads",
          "\(count) files are being sent already; try again in a moment",
          retryAfter: 5)
      }
      count += 1
    }
  }

  func free() { count.withLock { $0 -= 1 } }
}

/// A file that grows up to a limit.
private struct FileWriter {
  private let handle: FileHandle
  private let limit: Int
  private let tooLarge: APIError
  private(set) var bytes = 0

  init(_ file: URL, limit: Int, tooLarge: APIError) throws {
    let path = file.path(percentEncoded: false)
    guard FileManager.default.createFile(atPath: path, contents: nil, attributes: [.posixPermissions: 0o600]),
      let handle = FileHandle(forWritingAtPath: path)
    else { throw APIError.storageFull }
    self.handle = handle
    self.limit = limit
    self.tooLarge = tooLarge
  }

  mutating func write(_ content: some Collection<UInt8>) throws {
    bytes += content.count
    guard bytes <= limit else { throw tooLarge }
    do {
      try handle.write(contentsOf: Data(content))
    } catch {
      throw APIError.storageFull
    }
  }

  func close() throws { try handle.close() }
}
