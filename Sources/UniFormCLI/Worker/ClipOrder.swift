import Foundation
import UniForm
import WorkerProtocol

/// A clip that was asked for.
struct ClipOrder: Sendable {
  let job: String
  let request: ClipRequest
  let folder: URL

  func file(_ name: String) -> URL { folder.appending(path: name, directoryHint: .notDirectory) }

  /// Says what is made: whatever changes the clip changes it, and a state of another one is not gone on from.
  func key(_ model: WorkerDescription) throws -> String {
    struct Content: Encodable {
      let request: ClipRequest
      let version, weights, device, dtype: String
      let inputBytes: Int?
      let inputDate: Double?
    }
    let input = (request.video ?? request.audio).flatMap {
      try? FileManager.default.attributesOfItem(atPath: $0)
    }
    let content = Content(
      request: request, version: model.version, weights: model.weights, device: model.device,
      dtype: model.dtype, inputBytes: (input?[.size] as? NSNumber)?.intValue,
      inputDate: (input?[.modificationDate] as? Date)?.timeIntervalSince1970)
    return String(decoding: try JSONLine.encode(content), as: UTF8.self)
  }

  /// Removes what nobody needs once it is known what became of the clip, and what a killed process left half-written.
  func clear() {
    let path = folder.path(percentEncoded: false)
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    for name in names
    where [JobFolder.state, JobFolder.preview].contains(name) || name.hasPrefix(".\(JobFolder.state).") {
      try? FileManager.default.removeItem(at: file(name))
    }
  }
}
