public import Foundation
internal import Hub
internal import Torch
internal import UniForm

/// Features on disk, one file per clip and extractor. The key holds the hash of the clip, that of the weights, and the
/// whole protocol, and stands in the file once more, so a feature of anything else is never taken for it.
public struct FeatureCache: Sendable {
  public let folder: URL

  /// Changes whenever the same settings give other numbers.
  static let version = "1"

  /// - Throws: ``EvaluationSetupError/cacheUnusable(_:)``
  public init(_ folder: URL) throws(EvaluationSetupError) {
    self.folder = folder
    do {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    } catch {
      throw .cacheUnusable(folder.relativePath)
    }
    guard access(folder.path, W_OK) == 0 else { throw .cacheUnusable(folder.relativePath) }
  }

  func key(clip: String, _ extractor: any ClipExtractor, seconds: Double?, caption: String?) -> String {
    let caption = extractor.needs.contains(.caption) ? FileDigest.sha256(of: caption ?? "") : ""
    return [
      "v\(Self.version)", extractor.id, extractor.settings, "seconds=\(seconds.map { "\($0)" } ?? "all")",
      "weights=\(extractor.weights)", "caption=\(caption)", "clip=\(clip)",
    ].joined(separator: " ")
  }

  private func file(_ key: String) -> URL {
    let digest = FileDigest.sha256(of: key)
    return folder.appending(path: "\(digest.prefix(2))/\(digest).safetensors")
  }

  func contains(_ key: String) -> Bool { FileManager.default.fileExists(atPath: file(key).path) }

  /// Nil where there is none, or what is there is damaged or another's.
  func features(_ key: String) -> ClipFeatures? {
    guard let file = try? SafeTensors(contentsOf: file(key)), file.metadata["key"] == key else { return nil }
    var features: ClipFeatures = [:]
    for (name, entry) in file.entries {
      guard entry.shape.count == 2, let tensor = try? file.tensor(name) else { return nil }
      features[name] = FeatureMatrix(
        rows: entry.shape[0], columns: entry.shape[1], values: tensor.values(as: Double.self))
    }
    return features
  }

  func store(_ features: ClipFeatures, _ key: String) throws {
    let file = file(key)
    try FileManager.default.createDirectory(
      at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
    try SafeTensors.write(
      features.sorted { $0.key < $1.key }.map { ($0.key, $0.value.tensor) }, metadata: ["key": key], to: file)
  }
}
