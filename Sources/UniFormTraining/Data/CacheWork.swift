internal import Foundation
internal import Torch
internal import UniForm

/// What of a cache is not finished yet: a hidden folder in it, which goes away when the index is written.
///
/// The clips of the source are divided into units, each of which becomes a shard, and these into blocks, each of which is
/// written to a file of its own as soon as it is encoded. So an interruption costs a block at most, and memory holds no
/// more than that. What a unit becomes depends neither on who does it nor on how often it was interrupted.
struct CacheWork {
  let cache: URL
  private var folder: URL { cache.appending(path: ".work", directoryHint: .isDirectory) }
  private var recipeURL: URL { folder.appending(path: "recipe.json") }

  /// Clips of the source that are encoded together.
  static let blockSize = 8

  init(cache: URL) { self.cache = cache }

  var exists: Bool { FileManager.default.fileExists(atPath: recipeURL.path) }

  /// What a unit became.
  private struct Unit: Codable {
    var shard: CacheIndex.Shard?
    var skipped: [SkippedClip]
  }

  // MARK: Beginning

  /// - Returns: the index of a cache that is complete already.
  /// - Throws: ``DataError`` where it was made or begun with another recipe, or cannot be written.
  func begin(_ recipe: CacheRecipe) throws -> CacheIndex? {
    if FileManager.default.fileExists(atPath: cache.appending(path: CacheIndex.fileName).path) {
      let index = try CacheIndex(contentsOf: cache)
      try check(index.recipe, is: recipe)
      try index.requireFiles(in: cache)
      // Left by someone who was interrupted while it was removed.
      try? FileManager.default.removeItem(at: folder)
      return index
    }
    if exists {
      guard let known = try? JSONDecoder().decode(CacheRecipe.self, from: Data(contentsOf: recipeURL)) else {
        throw DataError.damagedCache(cache, reason: "\(recipeURL.lastPathComponent) is no recipe")
      }
      try check(known, is: recipe)
      return nil
    }
    let foreign = (try? FileManager.default.contentsOfDirectory(atPath: cache.path)) ?? []
    guard foreign.allSatisfy({ $0.hasPrefix(".") || $0 == CacheIndex.skippedName }) else {
      throw DataError.notWritable(cache, reason: "it is there and is no cache")
    }
    try writing(folder) {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      try recipe.json().write(to: recipeURL, options: .atomic)
    }
    return nil
  }

  /// For as long as it is kept, no other process can do the same share.
  func lock(_ share: WorkShare) throws(DataError) -> ProcessLock {
    do throws(ProcessLock.Failure) {
      return try ProcessLock(folder.appending(path: "\(share.rank)-of-\(share.count).lock"))
    } catch {
      switch error {
      case .held: throw .busy(cache)
      case .notWritable(let reason): throw .notWritable(cache, reason: reason)
      }
    }
  }

  private func check(_ known: CacheRecipe, is recipe: CacheRecipe) throws(DataError) {
    if let what = known.difference(from: recipe) { throw .otherRecipe(cache, what: what) }
  }

  // MARK: Units and blocks

  func isFinished(unit: Int) -> Bool { FileManager.default.fileExists(atPath: unitURL(unit).path) }

  func hasBlock(_ block: Int, unit: Int) -> Bool {
    FileManager.default.fileExists(atPath: blockURL(block, unit: unit).path)
  }

  func write(_ block: EncodedBlock, number: Int, unit: Int) throws {
    let url = blockURL(number, unit: unit)
    try writing(url) {
      try FileManager.default.createDirectory(
        at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
      try block.write(to: url)
    }
  }

  /// Makes a shard of the blocks of a unit, and removes these.
  func finish(unit: Int, blocks: Int, _ recipe: CacheRecipe) throws {
    let parts = try (0..<blocks).map { try EncodedBlock(contentsOf: blockURL($0, unit: unit)) }
    let shard = parts.contains { !$0.clips.isEmpty } ? try write(parts, as: unit, recipe) : nil
    try writing(unitURL(unit)) {
      try JSONEncoder().encode(Unit(shard: shard, skipped: parts.flatMap(\.skipped)))
        .write(to: unitURL(unit), options: .atomic)
    }
    try? FileManager.default.removeItem(at: blockURL(0, unit: unit).deletingLastPathComponent())
  }

  private func write(_ blocks: [EncodedBlock], as unit: Int, _ recipe: CacheRecipe) throws -> CacheIndex.Shard
  {
    let name = String(format: "\(LatentShard.namePrefix)%05d", unit)
    let url = cache.appending(path: "\(name).safetensors")
    let descriptions = cache.appending(path: "\(name).jsonl")
    let clips = blocks.flatMap(\.clips)
    try writing(url) {
      try SafeTensors.write(
        pending: EncodedBlock.pending(blocks, recipe), metadata: ["format": CacheIndex.formatName], to: url)
      try JSONLines.encode(clips).write(to: descriptions, options: .atomic)
    }
    return CacheIndex.Shard(
      file: url.lastPathComponent, count: clips.count, bytes: try CacheIndex.size(of: url),
      checksum: try CacheIndex.checksum(of: url),
      descriptionChecksum: try CacheIndex.checksum(of: descriptions))
  }

  // MARK: The end

  /// Writes the index when all units are finished, whoever finished them.
  /// - Returns: nil while some are missing.
  func merge(units: Int, _ recipe: CacheRecipe) throws -> CacheIndex? {
    // Another worker may have been faster.
    if FileManager.default.fileExists(atPath: cache.appending(path: CacheIndex.fileName).path) {
      return try CacheIndex(contentsOf: cache)
    }
    guard (0..<units).allSatisfy(isFinished) else { return nil }
    let done = try (0..<units).map { unit in
      guard let unit = try? JSONDecoder().decode(Unit.self, from: Data(contentsOf: unitURL(unit))) else {
        throw DataError.damagedCache(cache, reason: "\(unitURL(unit).lastPathComponent) cannot be read")
      }
      return unit
    }
    let skipped = done.flatMap(\.skipped)
    let index = CacheIndex(
      recipe: recipe, shards: done.compactMap(\.shard),
      skipped: Dictionary(grouping: skipped, by: \.reason.rawValue).mapValues(\.count))
    try writing(cache) {
      let list = cache.appending(path: CacheIndex.skippedName)
      if !skipped.isEmpty { try JSONLines.encode(skipped).write(to: list, options: .atomic) }
      guard index.count > 0 else {
        // Nothing is finished: the next run looks at every clip again.
        try FileManager.default.removeItem(at: folder)
        throw DataError.nothingUsable(list, skipped: skipped.count)
      }
      try index.json().write(to: cache.appending(path: CacheIndex.fileName), options: .atomic)
    }
    try? FileManager.default.removeItem(at: folder)
    return index
  }

  // MARK: Files

  private func unitURL(_ unit: Int) -> URL { folder.appending(path: String(format: "%05d.json", unit)) }

  private func blockURL(_ block: Int, unit: Int) -> URL {
    folder.appending(path: String(format: "%05d/%05d.safetensors", unit, block))
  }

  /// What goes wrong in `body`, as an error of the cache.
  private func writing<Result>(_ url: URL, _ body: () throws -> Result) throws -> Result {
    do {
      return try body()
    } catch let error as CocoaError {
      throw error.code == .fileWriteOutOfSpace
        ? DataError.diskFull(url) : DataError.notWritable(url, reason: error.localizedDescription)
    } catch WeightError.diskFull {
      throw DataError.diskFull(url)
    }
  }
}
