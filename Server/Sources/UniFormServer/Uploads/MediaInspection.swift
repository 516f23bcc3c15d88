import HTTPTypes
import Foundation
import Media

/// Looks at a file of a stranger, with tools that may take little memory and time.
struct MediaInspection {
  static let longestSide = 4096
  static let longestSeconds = 7200.0
  private static let patience = Duration.seconds(20)
  private static let limits = MediaLimits(
    memoryBytes: 1 << 30, processorSeconds: 10, formats: MediaLimits.strangers.formats)

  /// - Throws: `APIError` that says why the file is of no use.
  static func inspect(_ file: URL, name: String, bytes: Int, id: String) async throws -> Upload {
    let information = try await probe(file)
    guard let seconds = information.duration, seconds > 0 else {
      throw refusal("does not say how long it is")
    }
    guard seconds <= longestSeconds else { throw refusal("is longer than 2 hours") }
    let size = information.video?.displaySize
    guard size != nil || information.audio != nil else { throw refusal("has neither pictures nor sound") }
    if let size {
      guard size.width > 0, size.height > 0 else { throw refusal("does not say how large its pictures are") }
      guard max(size.width, size.height) <= longestSide else {
        throw refusal("has pictures of \(size.width)×\(size.height); 4096×4096 is the most")
      }
    }
    return Upload(
      id: id, name: name, kind: size == nil ? .audio : .video,
      mediaType: mediaType(information.container, isVideo: size != nil), seconds: seconds, width: size?.width,
      height: size?.height, hasSound: information.audio != nil, bytes: bytes, createdAt: .now)
  }

  private static func probe(_ file: URL) async throws -> MediaInformation {
    do {
      return try await MediaLimits.$current.withValue(limits) {
        try await withThrowingTaskGroup(of: MediaInformation.self) { group in
          group.addTask { try await MediaProbe.probe(file) }
          group.addTask {
            try await Task.sleep(for: patience)
            throw refusal("takes too long to look at")
          }
          defer { group.cancelAll() }
          guard let found = try await group.next() else { throw CancellationError() }
          return found
        }
      }
    } catch MediaError.emptyFile {
      throw refusal("is empty")
    } catch MediaError.unreadable {
      throw APIError(
        .unsupportedMediaType, "unsupported_media",
        "the file is no video and no sound that can be read; it may be damaged", field: "file")
    }
  }

  private static func refusal(_ reason: String) -> APIError {
    APIError(.unprocessableContent, "unusable_media", "the file \(reason)", field: "file")
  }

  /// - Parameter container: ffmpeg's names, separated by commas.
  private static func mediaType(_ container: String, isVideo: Bool) -> String {
    let types = [
      "mov": "mp4", "matroska": "webm", "avi": "x-msvideo", "flv": "x-flv", "mpegts": "mp2t", "mpeg": "mpeg",
      "asf": "x-ms-asf", "ogg": "ogg", "wav": "wav", "flac": "flac", "mp3": "mpeg", "aac": "aac",
      "aiff": "aiff",
    ]
    let name = container.split(separator: ",").first.map(String.init) ?? ""
    guard let type = types[name] else { return name == "gif" ? "image/gif" : "application/octet-stream" }
    return (isVideo ? "video/" : "audio/") + type
  }
}

extension String {
  /// What a user called a file, as a label: its last part, printable, not long.
  var asFileLabel: String {
    let last = split(whereSeparator: { $0 == "/" || $0 == "\\" }).last.map(String.init) ?? ""
    let label = String(
      last.unicodeScalars.filter { $0.properties.generalCategory != .control }.prefix(120).map(Character.init)
    )
    return label.isEmpty ? "file" : label
  }
}
