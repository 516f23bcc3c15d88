import Foundation
import HTTPTypes
import Hummingbird

/// An upload as it is shown.
private struct UploadView: Encodable {
  let upload: Upload

  private enum Key: String, CodingKey {
    case id, name, kind, seconds, width, height, bytes
    case hasSound = "has_sound"
  }

  func encode(to encoder: any Encoder) throws {
    var fields = encoder.container(keyedBy: Key.self)
    try fields.encode(upload.id, forKey: .id)
    try fields.encode(upload.name, forKey: .name)
    try fields.encode(upload.kind, forKey: .kind)
    try fields.encode(upload.seconds, forKey: .seconds)
    try fields.encode(upload.width, forKey: .width)
    try fields.encode(upload.height, forKey: .height)
    try fields.encode(upload.bytes, forKey: .bytes)
    try fields.encode(upload.hasSound, forKey: .hasSound)
  }
}

extension API {
  func createUpload(_ request: Request, _ context: ServerContext) async throws -> Response {
    try await center.makeRoom()
    let name = request.uri.values["name"] ?? "file"
    let content = try await receiver.receive(request, name: name, field: nil)
    let upload = try await keep(content)
    return try JSONBody.response(UploadView(upload: upload), status: .created)
  }

  /// Looks at what came, and writes it down; nothing stays of what is of no use.
  func keep(_ content: UploadReceiver.Content) async throws -> Upload {
    guard let (id, name, bytes) = content.file else {
      throw APIError(.badRequest, "no_file", "there is no file in the request", field: "file")
    }
    let file = center.data.upload(id)
    do {
      let upload = try await MediaInspection.inspect(file, name: name.asFileLabel, bytes: bytes, id: id)
      try center.store.insert(upload)
      return upload
    } catch {
      try? FileManager.default.removeItem(at: file)
      throw error
    }
  }
}
