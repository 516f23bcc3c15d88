internal import Foundation

/// Files that are there completely, or not at all, whatever happens meanwhile.
enum DurableFile {
  /// Writes beside `url`, brings the bytes to the disk, and only then gives the file its name.
  static func write(_ data: Data, to url: URL) throws {
    let temporary = url.deletingLastPathComponent().appending(path: ".\(url.lastPathComponent).tmp")
    do {
      guard FileManager.default.createFile(atPath: temporary.path, contents: nil) else {
        throw lastError(url)
      }
      let file = try FileHandle(forWritingTo: temporary)
      defer { try? file.close() }
      try file.write(contentsOf: data)
      try file.synchronize()
      guard rename(temporary.path, url.path) == 0 else { throw lastError(url) }
      synchronizeFolder(of: url)
    } catch {
      try? FileManager.default.removeItem(at: temporary)
      throw error
    }
  }

  /// Brings the names in a file's folder to the disk: a file that was renamed may otherwise be lost with the power.
  static func synchronizeFolder(of url: URL) {
    let descriptor = open(url.deletingLastPathComponent().path, O_RDONLY)
    guard descriptor >= 0 else { return }
    fsync(descriptor)
    close(descriptor)
  }

  private static func lastError(_ url: URL) -> TrainingError {
    TrainingError("\(url.path): cannot be written: \(String(cString: strerror(errno)))", .inputOutput)
  }
}
