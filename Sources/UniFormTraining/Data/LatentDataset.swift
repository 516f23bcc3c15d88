public import Foundation
public import Torch
public import UniForm

/// The clips that `uniform prepare` encoded, in a folder of shards that are mapped into memory: only what a batch needs
/// is read.
public struct LatentDataset {
  public let url: URL
  public let index: CacheIndex
  private let shards: [LatentShard]
  /// The first clip of each shard, and behind the last one their number.
  private let starts: [Int]
  /// Whether batches have the states of a frozen text encoder.
  let readsStates: Bool

  public var count: Int { starts.last ?? 0 }
  /// Of the clips: the model's, but for their length.
  public var geometry: ClipGeometry { index.recipe.geometry }

  /// - Parameters:
  ///   - url: the folder.
  ///   - needsTextStates: true reads the states of a frozen text encoder. Without them batches have only tokens.
  /// - Throws: ``DataError`` for a cache that is not complete, is damaged, or was made by other encoders or for another
  ///   geometry than the model's; `WeightError` for a shard that cannot be read.
  public init(contentsOf url: URL, for model: ModelDirectory, needsTextStates: Bool = false) throws {
    let index = try CacheIndex(contentsOf: url)
    try index.check(url, against: model, needsTextStates: needsTextStates)
    guard index.count > 0 else { throw DataError.emptyCache(url) }
    self.url = url
    self.index = index
    readsStates = needsTextStates
    shards = try index.shards.filter { $0.count > 0 }.map { try LatentShard($0, of: index.recipe, in: url) }
    starts = shards.reduce(into: [0]) { $0.append($0.last! + $1.count) }
  }

  /// The clips of the given indices, in their order, in float32.
  public func batch(_ indices: [Int], device: Device = .cpu) -> LatentBatch {
    precondition(!indices.isEmpty && indices.allSatisfy((0..<count).contains), "no clips of 0..<\(count)")
    let rows = indices.map(row)
    // Everything is copied; the pages of all clips would add up to the size of the cache.
    defer { for row in rows { row.shard.releasePages() } }
    func posterior(_ modality: Modality) -> DiagonalGaussian {
      let moments = Tensor.stack(rows.map { $0.shard[modality].selected(0, $0.row) })
      return DiagonalGaussian(moments: moments.to(device).to(.float32))
    }
    let lengths = rows.map { $0.shard.tokens(of: $0.row).count }
    let longest = lengths.max() ?? 1
    let ids = rows.map { $0.shard.ids(of: $0.row) }
    let mask = lengths.flatMap { length in (0..<longest).map { $0 < length ? 1 : 0 } }
    let states =
      readsStates
      ? Tensor.stack(
        zip(rows, lengths).map { row, length in
          row.shard.states(of: row.row).padded([0, 0, 0, longest - length])  // [L, D]
        }
      ).to(device).to(.float32) : nil  // [B, L, D]
    return LatentBatch(
      video: posterior(.video), audio: posterior(.audio),
      ids: Tensor(
        zip(ids, lengths).flatMap { $0 + [Int](repeating: Int(T5Tokenizer.padding), count: longest - $1) },
        shape: [rows.count, longest], device: device),
      mask: Tensor(mask, shape: [rows.count, longest], device: device), states: states,
      // An empty caption is `</s>` alone.
      hasCaption: lengths.map { $0 > 1 })
  }

  /// The ids of the clips, for messages; reads a file for it.
  public func names(of indices: [Int]) throws -> [String] { try descriptions(of: indices).map(\.id) }

  /// What the clips are called and where they come from, for messages; reads a file for it.
  public func descriptions(of indices: [Int]) throws -> [ClipDescription] {
    var read: [String: [ClipDescription]] = [:]
    return try indices.map { index in
      let (shard, row) = row(index)
      if read[shard.name] == nil { read[shard.name] = try shard.descriptions() }
      return read[shard.name]![row]
    }
  }

  private func row(_ index: Int) -> (shard: LatentShard, row: Int) {
    // The last shard that begins at or before the clip.
    var (low, high) = (0, shards.count)
    while high - low > 1 {
      let middle = (low + high) / 2
      if starts[middle] <= index { low = middle } else { high = middle }
    }
    return (shards[low], index - starts[low])
  }
}

extension CacheIndex {
  /// - Throws: ``DataError`` where the model's encoders or geometry are not those of the cache.
  func check(_ url: URL, against model: ModelDirectory, needsTextStates: Bool) throws(DataError) {
    let (own, other) = (recipe.geometry, model.geometry)
    for (key, path) in [("width", \ClipGeometry.width), ("height", \.height)]
    where own[keyPath: path] != other[keyPath: path] {
      throw .otherGeometry(
        url, key: key, found: own[keyPath: path], needed: other[keyPath: path], model: model.name)
    }
    if let difference = own.difference(from: other) {
      throw .otherGeometry(
        url, key: difference.key, found: difference.value, needed: difference.other, model: model.name)
    }
    let found = recipe.encoders
    let needed = CacheRecipe.Encoders(model, hasTextStates: needsTextStates)
    if needsTextStates && !recipe.hasTextStates { throw .noTextStates(url) }
    let parts: [(String, KeyPath<CacheRecipe.Encoders, String>)] = [
      ("video encoder", \.video), ("audio encoder", \.audio), ("tokenizer", \.tokenizer),
      ("text encoder", \.text),
    ]
    for (part, path) in parts where part != "text encoder" || needsTextStates {
      guard found[keyPath: path] == needed[keyPath: path] else {
        throw .otherEncoder(url, part: part, model: model.name)
      }
    }
  }
}
