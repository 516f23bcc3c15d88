internal import Foundation

/// The files of a repository at one commit, as the hub lists them and as the cache keeps them.
struct FileTree: Equatable {
  struct File: Equatable {
    let path: String
    var size: Int?
    /// Of large files: the SHA-256 of their content.
    var sha256: String?
    /// Git's name for the content, or for large files of the pointer to it.
    var blobID: String?

    /// The entity tag that the hub answered with, where its list had no hash.
    var announcedTag: String?

    /// The name of the blob in the cache.
    var etag: String? { sha256 ?? blobID ?? announcedTag }
  }

  let commit: String
  var files: [File]

  /// Those that match one of `patterns`, as in a shell, but that `*` also stands for `/`; all, without patterns.
  /// - Throws: `HubError.noFile` for a pattern that matches none.
  func files(matching patterns: [String], of repository: RepositoryReference) throws -> [File] {
    guard !patterns.isEmpty else { return files }
    var chosen: Set<String> = []
    for pattern in patterns {
      let whole = pattern.hasSuffix("/") ? pattern + "*" : pattern
      let matches = files.filter { $0.path == whole || fnmatch(whole, $0.path, 0) == 0 }
      if matches.isEmpty { throw HubError.noFile(repository, pattern: pattern) }
      chosen.formUnion(matches.map(\.path))
    }
    return files.filter { chosen.contains($0.path) }
  }
}

// MARK: - The hub's answer

extension FileTree {
  private struct Listing: Decodable {
    struct Sibling: Decodable {
      struct LargeFile: Decodable {
        let sha256: String?
        let size: Int?
      }
      let rfilename: String
      let size: Int?
      let blobId: String?
      let lfs: LargeFile?
    }
    let sha: String
    let siblings: [Sibling]
  }

  /// - Parameter listing: what `/api/models/…/revision/…` answers.
  /// - Throws: `HubError.malformedReply`, also for names that lead out of the cache.
  init(listing: Data, host: String) throws {
    guard let listing = try? JSONDecoder().decode(Listing.self, from: listing) else {
      throw HubError.malformedReply(host: host, what: "no list of files")
    }
    guard listing.sha.isCommit else { throw HubError.malformedReply(host: host, what: "no commit") }
    commit = listing.sha
    files = try listing.siblings.map { sibling in
      let file = File(
        path: sibling.rfilename, size: sibling.lfs?.size ?? sibling.size, sha256: sibling.lfs?.sha256,
        blobID: sibling.blobId)
      guard file.isSafe else {
        throw HubError.malformedReply(host: host, what: "a file that has an unsafe name")
      }
      return file
    }
  }
}

extension FileTree.File {
  var isSafe: Bool {
    path.isSafePath && (size ?? 0) >= 0
      && (sha256.map { $0.count == 64 && $0.isLowercaseHexadecimal } ?? true)
      && (blobID.map { $0.count == 40 && $0.isLowercaseHexadecimal } ?? true)
  }
}

// MARK: - The cache's copy

/// `trees/<commit>.json`, format 1: it tells whether a snapshot is complete without asking the hub.
extension FileTree {
  private struct Stored: Codable {
    struct Entry: Codable {
      let size: Int
      let blob_id: String
      var lfs_sha256: String?
      var lfs_size: Int?
    }
    var format_version = 1
    var files: [String: Entry]
  }

  /// Nil for what is no such file.
  init?(stored: Data, commit: String) {
    guard let stored = try? JSONDecoder().decode(Stored.self, from: stored), stored.format_version == 1 else {
      return nil
    }
    self.commit = commit
    files = stored.files.sorted { $0.key < $1.key }.map {
      File(path: $0, size: $1.lfs_size ?? $1.size, sha256: $1.lfs_sha256, blobID: $1.blob_id)
    }
    guard files.allSatisfy(\.isSafe) else { return nil }
  }

  /// Nil where the hub did not say all that the format holds.
  var stored: Data? {
    var entries: [String: Stored.Entry] = [:]
    for file in files {
      guard let size = file.size, let blobID = file.blobID else { return nil }
      entries[file.path] = Stored.Entry(
        size: size, blob_id: blobID, lfs_sha256: file.sha256, lfs_size: file.sha256 == nil ? nil : size)
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return try? encoder.encode(Stored(files: entries))
  }
}
