import Foundation

/// Where jobs and clips are kept. Names are made here; none comes from outside.
struct DataDirectory: Sendable {
  let root: URL
  /// Held as long as the process lives, whatever ends it.
  private let lock: Int32

  var database: URL { root.appending(path: "jobs.sqlite") }
  var uploads: URL { root.appending(path: "uploads", directoryHint: .isDirectory) }
  var jobs: URL { root.appending(path: "jobs", directoryHint: .isDirectory) }

  /// - Throws: where the folder cannot be written, or another server uses it.
  init(_ path: String?, environment: [String: String] = ProcessInfo.processInfo.environment) throws {
    if let path {
      root = URL(filePath: path, directoryHint: .isDirectory)
    } else {
      let home = environment["HOME"].map { URL(filePath: $0).appending(path: ".local/share") }
      guard let base = environment["XDG_DATA_HOME"].map({ URL(filePath: $0) }) ?? home else {
        throw ServerFailure("there is no folder for jobs; give --data", 64)
      }
      root = base.appending(path: "uniform/server", directoryHint: .isDirectory)
    }
    let path = root.path(percentEncoded: false)
    do {
      for folder in ["uploads", "jobs"] {
        try FileManager.default.createDirectory(
          at: root.appending(path: folder), withIntermediateDirectories: true,
          attributes: [.posixPermissions: 0o700])
      }
    } catch {
      throw ServerFailure("the folder '\(path)' cannot be made; --data can name another", 73)
    }
    lock = open(root.appending(path: "lock").path(percentEncoded: false), O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard lock >= 0 else {
      throw ServerFailure("cannot write into the folder '\(path)'; --data can name another", 73)
    }
    guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
      throw ServerFailure("another server uses the folder '\(path)'; --data can name another", 75)
    }
  }

  /// - Parameter id: of a job or an upload, made by ``Identifier``.
  func job(_ id: String) -> URL { jobs.appending(path: id, directoryHint: .isDirectory) }
  func upload(_ id: String) -> URL { uploads.appending(path: id, directoryHint: .notDirectory) }
  /// Without an ending: what it is, its content says.
  func input(ofJob id: String) -> URL { job(id).appending(path: "input", directoryHint: .notDirectory) }

  /// Of all files below `folder`.
  static func bytes(in folder: URL) -> Int {
    let keys: Set<URLResourceKey> = [.fileSizeKey]
    let files = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: Array(keys))
    var sum = 0
    while let file = files?.nextObject() as? URL {
      sum += (try? file.resourceValues(forKeys: keys).fileSize) ?? 0
    }
    return sum
  }

  /// Bytes that can still be written to its disk.
  var freeBytes: Int {
    let attributes = try? FileManager.default.attributesOfFileSystem(
      forPath: root.path(percentEncoded: false))
    return (attributes?[.systemFreeSize] as? NSNumber)?.intValue ?? .max
  }
}

/// `job_…` and `upload_…`: 96 random bits, which nobody guesses.
enum Identifier {
  static func make(_ prefix: String) -> String {
    var random = SystemRandomNumberGenerator()
    let digits = Array("0123456789abcdefghjkmnpqrstvwxyz")
    return prefix + "_" + String((0..<20).map { _ in digits[Int.random(in: 0..<32, using: &random)] })
  }
}
