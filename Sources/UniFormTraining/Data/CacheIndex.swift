public import Foundation
public import UniForm

/// `index.json` of a cache of encoded clips: what made it and what is in it. It is written last, so where it is the
/// cache is complete.
public struct CacheIndex: Codable, Sendable, Equatable {
  /// `uniform-clips`
  public var format = Self.formatName
  /// Of the format.
  public var version = Self.currentVersion
  /// Of the package that wrote it.
  public var writer = UniFormVersion.current
  public var recipe: CacheRecipe
  /// In the order of the source.
  public var shards: [Shard]
  /// Clips in all shards.
  public var count: Int
  /// Clips that were left out, by reason; `skipped.jsonl` lists them.
  public var skipped: [String: Int]

  /// One file of clips, with a file of the same name and the ending `.jsonl` beside it that describes each.
  public struct Shard: Codable, Sendable, Equatable {
    public var file: String
    public var count: Int
    public var bytes: Int
    /// Of the file's bytes; see ``CacheIndex/checksum(of:)``.
    public var checksum: String
    /// As above, of the file that describes the clips.
    public var descriptionChecksum: String

    enum CodingKeys: String, CodingKey {
      case file, count, bytes, checksum
      case descriptionChecksum = "description_checksum"
    }
  }

  static let formatName = "uniform-clips"
  static let currentVersion = 1
  static let fileName = "index.json"

  init(recipe: CacheRecipe, shards: [Shard], skipped: [String: Int]) {
    self.recipe = recipe
    self.shards = shards
    count = shards.reduce(0) { $0 + $1.count }
    self.skipped = skipped
  }

  /// 16 hexadecimal digits that change with any clip.
  public var fingerprint: String {
    var hash = Hash64()
    for shard in shards {
      Array((shard.checksum + shard.descriptionChecksum).utf8).withUnsafeBytes { hash.combine($0) }
    }
    return hash.digits
  }

  /// - Parameter url: the folder of the cache.
  /// - Throws: ``DataError``.
  public init(contentsOf url: URL) throws(DataError) {
    let file = url.appending(path: Self.fileName)
    let data: Data
    do {
      data = try Data(contentsOf: file)
    } catch {
      throw .noCache(url, isBegun: CacheWork(cache: url).exists)
    }
    do {
      self = try JSONDecoder().decode(Self.self, from: data)
      try recipe.geometry.validate()
    } catch {
      let reason =
        (error as? DecodingError)?.oneLine ?? (error as? ConfigurationError)?.message ?? "it is no JSON"
      throw .damagedCache(url, reason: "\(Self.fileName): \(reason)")
    }
    let counts = shards.map(\.count) + [recipe.source.count] + skipped.values
    guard counts.allSatisfy({ (0...1 << 40).contains($0) }), count == shards.reduce(0, { $0 + $1.count }),
      shards.allSatisfy({ (0...1 << 50).contains($0.bytes) })
    else {
      throw .damagedCache(url, reason: "\(Self.fileName): its numbers of clips and bytes make no sense")
    }
    guard format == Self.formatName, version == Self.currentVersion else {
      throw .damagedCache(
        url, reason: "\(Self.fileName) is of format \(format) \(version), not \(Self.formatName) 1")
    }
  }
}

extension CacheIndex {
  /// Whether the files are there, whole as far as their lengths tell.
  /// - Throws: ``DataError``.
  func requireFiles(in url: URL) throws(DataError) {
    for shard in shards {
      let file = url.appending(path: shard.file)
      let size = (try? FileManager.default.attributesOfItem(atPath: file.path))?[.size] as? Int
      guard size == shard.bytes else {
        throw .damagedCache(url, reason: "\(shard.file) \(size == nil ? "is missing" : "has another length")")
      }
    }
  }
}

/// Everything that decides what is in a cache: two with equal recipes hold the same bytes.
public struct CacheRecipe: Codable, Sendable, Equatable {
  public var model: String
  public var encoders: Encoders
  /// Of the clips, their length included.
  public var geometry: ClipGeometry
  /// Whether the states of the text encoder are there, besides the tokens.
  public var hasTextStates: Bool
  /// Tells how pictures fill the frame, and what is left out.
  public var settings: [String: String]
  public var source: Source
  /// Clips of the source per shard, before any is left out.
  public var shardSize: Int

  /// Fingerprints of the parts of the model; see `ModelDirectory.codecFingerprint(of:)`.
  public struct Encoders: Codable, Sendable, Equatable {
    public var video: String
    public var audio: String
    public var tokenizer: String
    /// Empty without text states.
    public var text: String

    init(_ model: ModelDirectory, hasTextStates: Bool) {
      video = model.codecFingerprint(of: .video)
      audio = model.codecFingerprint(of: .audio)
      tokenizer = model.tokenizerFingerprint
      text = hasTextStates ? model.textFingerprint : ""
    }
  }

  public struct Source: Codable, Sendable, Equatable {
    public var layout: String
    /// What the clips were chosen by, in words.
    public var split: String?
    public var count: Int
    /// Of all ids, files, beginnings and captions, in order.
    public var fingerprint: String
  }

  enum CodingKeys: String, CodingKey {
    case model, encoders, geometry, settings, source
    case hasTextStates = "has_text_states"
    case shardSize = "shard_size"
  }
}
