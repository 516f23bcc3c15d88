import Foundation
import GRDB

/// A file that was sent, and what was found in it.
struct Upload: Codable, Sendable, Equatable, FetchableRecord, PersistableRecord {
  static let databaseTableName = "uploads"

  var id: String
  var name: String
  var kind: JobInput.Kind
  var mediaType: String
  var seconds: Double
  var width: Int?
  var height: Int?
  var hasSound: Bool
  var bytes: Int
  var createdAt: Date

  enum CodingKeys: String, CodingKey {
    case id, name, kind, seconds, width, height, bytes
    case mediaType = "media_type"
    case hasSound = "has_sound"
    case createdAt = "created_at"
  }

  var input: JobInput { JobInput(name: name, kind: kind, mediaType: mediaType) }
}
