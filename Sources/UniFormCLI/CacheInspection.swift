import Foundation
import UniForm
import UniFormTraining

/// What a cache of encoded clips holds.
struct CacheInspection: Inspection {
  let folder: String
  let index: CacheIndex

  /// Compares every byte with the checksums first.
  init(_ url: URL, folder: String) throws {
    self.folder = folder
    index = try CacheIndex(contentsOf: url)
    try index.verify(in: url) { _ in !Task.isCancelled }
  }

  func encode(to encoder: any Encoder) throws { try index.encode(to: encoder) }

  var text: String {
    let recipe = index.recipe
    let geometry = recipe.geometry
    let bytes = index.shards.reduce(0) { $0 + $1.bytes }
    var table = TextTable(.left, .left)
    table.add("cache", "\(folder.oneLine), all checksums as written")
    table.add("clips", "\(index.count.grouped) in \(index.shards.count) files, \(bytes.byteSize)")
    let left = index.skipped.sorted { $0.key < $1.key }.map {
      "\($0.value) \($0.key.replacing("_", with: " "))"
    }
    table.add("left out", left.isEmpty ? "none" : left.joined(separator: ", "))
    table.add(
      "source",
      recipe.source.layout + (recipe.source.split.map { ", \($0)" } ?? "")
        + ", \(recipe.source.count.grouped) clips")
    table.add(
      "each",
      "\(geometry.width)×\(geometry.height), \(geometry.frameRate) frames per second, "
        + "\(geometry.sampleRate) Hz, \(geometry.seconds.formatted) s")
    table.add("text", recipe.hasTextStates ? "states and tokens" : "tokens")
    table.add("model", recipe.model)
    table.add("encoders", "video \(recipe.encoders.video), audio \(recipe.encoders.audio)")
    return table.lines.joined(separator: "\n")
  }
}
