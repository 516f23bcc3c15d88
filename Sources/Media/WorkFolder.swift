package import Foundation

/// A hidden folder beside an output file: the file is made there and renamed when it is complete, so that nobody
/// ever sees half a file, and a failure leaves nothing behind.
struct WorkFolder {
  let url: URL

  /// Runs `body` with a fresh folder beside `output` and removes the folder, whatever happens.
  static func use<Result>(
    beside output: URL, _ body: (WorkFolder) async throws(MediaError) -> Result
  ) async throws(MediaError) -> Result {
    let folder = try WorkFolder(beside: output)
    defer { folder.remove() }
    return try await body(folder)
  }

  /// - Throws: the reason why a file named `output` could not be created.
  static func check(_ output: URL) throws(MediaError) {
    let folder = try WorkFolder(beside: output)
    defer { folder.remove() }
    // A full disk still takes folders, but no bytes.
    _ = try folder.write(Data(count: 1 << 16), to: "check", for: output)
  }

  private init(beside output: URL) throws(MediaError) {
    let target = output.linkTarget
    let parent = target.folder
    let path = target.path(percentEncoded: false)
    var isFolder: ObjCBool = false
    if output.hasDirectoryPath
      || FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue
    {
      throw .outputIsFolder(output)
    }
    guard FileManager.default.fileExists(atPath: parent.path(percentEncoded: false)) else {
      throw .folderMissing(parent)
    }
    // The rename would put a file in place of a pipe or a device.
    if let type = try? FileManager.default.attributesOfItem(atPath: path)[.type] as? FileAttributeType,
      type != .typeRegular && type != .typeSymbolicLink
    {
      throw .notWritable(parent, "\(output.quoted) is not a regular file")
    }
    // A name the file system refuses must be noticed before the work, not at the final rename.
    if access(path, F_OK) != 0 && errno != ENOENT {
      throw .notWritable(parent, String(cString: strerror(errno)))
    }
    var template = Array(parent.appending(path: ".uniform-XXXXXX").path(percentEncoded: false).utf8CString)
    guard mkdtemp(&template) != nil else {
      throw errno == ENOSPC ? .diskFull(output) : .notWritable(parent, String(cString: strerror(errno)))
    }
    let name = template.withUnsafeBufferPointer { String(cString: $0.baseAddress!) }
    url = URL(filePath: name, directoryHint: .isDirectory)
  }

  private func remove() { try? FileManager.default.removeItem(at: url) }

  func file(_ name: String) -> URL { url.appending(path: name, directoryHint: .notDirectory) }

  /// Writes a file that ffmpeg shall read.
  func write(_ bytes: Data, to name: String, for output: URL) throws(MediaError) -> URL {
    do {
      try bytes.write(to: file(name))
      return file(name)
    } catch {
      let full = (error as? CocoaError)?.code == .fileWriteOutOfSpace
      throw full ? .diskFull(output) : .writeFailed(output, "\(error)".oneLine)
    }
  }

  /// Moves a finished file to its place, replacing what was there.
  func publish(_ name: String, as output: URL) throws(MediaError) {
    let target = output.linkTarget.path(percentEncoded: false)
    guard rename(file(name).path(percentEncoded: false), target) == 0 else {
      throw .writeFailed(output, String(cString: strerror(errno)))
    }
  }
}

extension URL {
  /// The file that a symbolic link leads to, also where it is not there yet; any other file itself.
  ///
  /// An output that is renamed into its place is renamed to this, so that the link stays.
  package var linkTarget: URL {
    var path = path(percentEncoded: false)
    // As many links as the system follows.
    for _ in 0..<40 {
      guard let next = try? FileManager.default.destinationOfSymbolicLink(atPath: path) else { break }
      let folder = URL(filePath: path).folder.path(percentEncoded: false)
      path = next.hasPrefix("/") ? next : "\(folder)/\(next)"
    }
    return URL(filePath: path)
  }

  /// The folder of a file, named without a final slash.
  fileprivate var folder: URL {
    let path = deletingLastPathComponent().path(percentEncoded: false)
    let end = path.lastIndex { $0 != "/" }
    return URL(filePath: end.map { String(path[...$0]) } ?? path, directoryHint: .notDirectory)
  }
}
