public import Foundation
internal import UniForm

extension CacheIndex {
  static let skippedName = "skipped.jsonl"

  func json() throws -> Data { try prettyJSON(self) }

  /// In bytes.
  static func size(of url: URL) throws -> Int {
    (try FileManager.default.attributesOfItem(atPath: url.path)[.size] as? NSNumber)?.intValue ?? 0
  }

  /// 16 hexadecimal digits that change with any byte of a file: made for speed, not against forgery.
  public static func checksum(of url: URL) throws -> String {
    var hash = Hash64()
    try Data(contentsOf: url, options: .mappedIfSafe).withUnsafeBytes { hash.combine($0) }
    return hash.digits
  }

  /// Reads every byte of the cache in `url`.
  ///
  /// - Parameter progress: told after each shard how many are done; false stops with `CancellationError`.
  /// - Throws: ``DataError`` for the first shard whose files are not those that were written.
  public func verify(in url: URL, progress: (Int) -> Bool = { _ in true }) throws {
    for (index, shard) in shards.enumerated() {
      guard progress(index) else { throw CancellationError() }
      let file = url.appending(path: shard.file)
      let descriptions = file.deletingPathExtension().appendingPathExtension("jsonl")
      for (file, checksum) in [(file, shard.checksum), (descriptions, shard.descriptionChecksum)] {
        guard let found = try? Self.checksum(of: file) else {
          throw DataError.damagedCache(url, reason: "\(file.lastPathComponent) cannot be read")
        }
        guard found == checksum else {
          throw DataError.damagedCache(url, reason: "\(file.lastPathComponent) is not what was written")
        }
      }
    }
    guard progress(shards.count) else { throw CancellationError() }
  }
}

extension CacheRecipe {
  func json() throws -> Data { try prettyJSON(self) }

  /// What is not the same, as in "was begun with …".
  func difference(from other: CacheRecipe) -> String? {
    if source.layout != other.source.layout { return "--layout \(source.layout)" }
    if source.split != other.source.split { return source.split.map { "the clips of \($0)" } ?? "all clips" }
    if source.count != other.source.count { return "\(source.count) clips, not \(other.source.count)" }
    if source.fingerprint != other.source.fingerprint { return "other clips or captions" }
    if hasTextStates != other.hasTextStates { return hasTextStates ? "text states" : "--tokens-only" }
    if encoders != other.encoders { return "other encoders than those of '\(other.model)'" }
    if geometry.seconds != other.geometry.seconds { return "--seconds \(geometry.seconds)" }
    if geometry != other.geometry { return "another geometry than that of '\(other.model)'" }
    for (key, value) in settings.sorted(by: { $0.key < $1.key }) where other.settings[key] != value {
      return "--\(key) \(value)"
    }
    return shardSize == other.shardSize ? nil : "--shard-size \(shardSize)"
  }
}

private func prettyJSON(_ value: some Encodable) throws -> Data {
  let encoder = JSONEncoder()
  encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
  return try encoder.encode(value)
}
