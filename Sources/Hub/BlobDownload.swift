internal import Foundation

/// Brings the content of one file into the cache, and links it into the snapshot.
struct BlobDownload {
  let client: HubClient
  let cache: HubCache
  let commit: String

  /// - Returns: how many bytes came over the network.
  func callAsFunction(_ file: FileTree.File) async throws -> Int {
    guard let etag = file.etag else { return 0 }
    try cache.makeFolder(cache.blob(etag).deletingLastPathComponent())
    try cache.makeFolder(cache.lock(etag).deletingLastPathComponent())
    let received = try await FileLock.hold(cache.lock(etag)) {
      // Another file, revision or process may have brought it.
      guard cache.blob(etag).fileSize == nil else { return 0 }
      var received = 0
      do {
        try await fetch(file.path, etag, file.size, to: cache.part(etag), &received)
      } catch HubError.wrongContent {
        // Such as what an interrupted run had left, or a fault on the way: the whole file once more.
        try await fetch(file.path, etag, file.size, to: cache.part(etag), &received)
      }
      return received
    }
    try cache.link(file.path, of: commit, to: etag)
    return received
  }

  /// - Parameter received: grows by the bytes that came.
  /// - Throws: `HubError.wrongContent`; then nothing is left of it.
  private func fetch(
    _ path: String, _ etag: String, _ size: Int?, to part: URL, _ received: inout Int
  ) async throws {
    let name = part.path(percentEncoded: false)
    let descriptor = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0o666)
    guard descriptor >= 0 else { throw systemError(part.deletingLastPathComponent()) }
    defer { close(descriptor) }
    // More than the whole is no part of it.
    if let size, part.fileSize ?? 0 > size { ftruncate(descriptor, 0) }
    let before = part.fileSize ?? 0
    if size == nil || before != size {
      do {
        try await client.download(path, at: commit, to: part, size: size)
      } catch {
        if part.fileSize == 0 { unlink(name) }
        throw error
      }
    }
    let after = part.fileSize ?? 0
    received += max(0, after - before)
    if let hash = ContentHash(etag: etag) {
      let found = try await hash.computed(for: part)
      if found != hash.expected {
        unlink(name)
        throw HubError.wrongContent(file: path, expected: hash.expected, found: found)
      }
    } else if let size, after != size {
      unlink(name)
      throw HubError.wrongContent(file: path, expected: "\(size) bytes", found: "\(after) bytes")
    }
    // On the disk before it gets its name, so that a power cut cannot leave half of it there.
    guard fsync(descriptor) == 0, rename(name, cache.blob(etag).path(percentEncoded: false)) == 0 else {
      throw systemError(part.deletingLastPathComponent())
    }
  }
}
