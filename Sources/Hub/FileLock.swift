package import Foundation

/// `flock`, as other tools for the hub take it: one process at a time writes a blob.
package enum FileLock {
  /// Runs `body` while it holds the lock; waits for whoever holds it before.
  /// - Throws: `HubError.notWritable`, `CancellationError`, what `body` throws.
  package static func hold<Result>(_ file: URL, _ body: () async throws -> Result) async throws -> Result {
    let descriptor = open(file.path(percentEncoded: false), O_RDWR | O_CREAT | O_CLOEXEC, 0o664)
    guard descriptor >= 0 else { throw systemError(file.deletingLastPathComponent()) }
    // The file stays: removing it would let two hold it at once.
    defer { close(descriptor) }
    while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
      // A file system without locks: the hash tells whether two wrote at once.
      guard errno == EWOULDBLOCK || errno == EINTR else { break }
      try await Task.sleep(for: .milliseconds(100))
    }
    return try await body()
  }
}
