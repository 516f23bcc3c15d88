internal import Foundation

/// The files of a data set: those with pictures, and those with words about them.
struct MediaFolder: Sendable {
  let root: URL
  /// In the order of their paths.
  let files: [URL]
  /// Lists, and texts beside clips.
  let texts: [URL]
  /// Names, without endings, that files in several folders have.
  private let sharedNames: Set<String>

  static let videoEndings: Set<String> = [
    "mp4", "m4v", "mov", "webm", "mkv", "avi", "flv", "ogv", "mpg", "mpeg", "ts", "3gp", "wmv",
  ]
  static let textEndings: Set<String> = ["csv", "tsv", "txt", "json", "jsonl", "ndjson"]

  /// - Throws: ``DataError``.
  init(_ root: URL) throws(DataError) {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: root.path, isDirectory: &isFolder), isFolder.boolValue else {
      throw .noSource(root)
    }
    self.root = root
    var files: [String] = []
    var texts: [String] = []
    // Links to folders are followed, since data sets are often spread over disks; not those that lead back.
    var open: [FolderIdentity] = []
    func visit(_ path: String) throws(DataError) {
      let identity = FolderIdentity(root.path + path)
      guard !open.contains(identity) else { return }
      open.append(identity)
      defer { open.removeLast() }
      let names: [String]
      do {
        names = try FileManager.default.contentsOfDirectory(atPath: root.path + path)
      } catch {
        throw .unreadableFolder(root.relativePath + path)
      }
      // What was made of clips says nothing new of them.
      guard !Self.isCache(names) else { return }
      for name in names where !name.hasPrefix(".") && name != "lost+found" {
        let ending = name.split(separator: ".").last.map { $0.lowercased() } ?? ""
        if Self.videoEndings.contains(ending) {
          files.append("\(path)/\(name)")
        } else if Self.textEndings.contains(ending) {
          texts.append("\(path)/\(name)")
        } else {
          var isFolder: ObjCBool = false
          let exists = FileManager.default.fileExists(
            atPath: "\(root.path)\(path)/\(name)", isDirectory: &isFolder)
          if exists && isFolder.boolValue { try visit("\(path)/\(name)") }
        }
      }
    }
    try visit("")
    self.files = files.sorted().map { Self.url(root, $0) }
    self.texts = texts.sorted().map { Self.url(root, $0) }
    var names: Set<String> = []
    sharedNames = Set(self.files.map(\.stem).filter { !names.insert($0).inserted })
  }

  private static func isCache(_ names: [String]) -> Bool {
    names.contains(".work") || names.contains("index.json") && names.contains { $0.hasSuffix(".safetensors") }
  }

  private static func url(_ root: URL, _ path: String) -> URL {
    root.appending(path: String(path.dropFirst()), directoryHint: .notDirectory)
  }

  /// Relative to the folder.
  func path(of file: URL) -> String {
    let (path, prefix) = (file.path, root.path + "/")
    return path.hasPrefix(prefix) ? String(path.dropFirst(prefix.count)) : path
  }

  /// Whether another file has the same name, whatever its ending.
  func sharesName(_ file: URL) -> Bool { sharedNames.contains(file.stem) }

  /// Names of the folders in which a file lies, from the outermost inside the data set.
  func folders(of file: URL) -> [String] {
    path(of: file).split(separator: "/").dropLast().map(String.init)
  }

  /// The first folder that is named like a split.
  func split(of file: URL) -> String? {
    let known = ["train", "val", "valid", "validation", "test", "eval"]
    return folders(of: file).first { known.contains($0.lowercased()) }
      .map { ClipList.splitName($0.lowercased()) }
  }

  /// Lists whose name, in lower case, fits.
  func lists(_ isWanted: (String) -> Bool) throws -> [ListFile] {
    try texts.filter { isWanted($0.lastPathComponent.lowercased()) }.map { try ListFile($0) }
  }
}

extension URL {
  /// The name without its last ending.
  var stem: String { deletingPathExtension().lastPathComponent }
}

/// Tells whether two paths lead to one folder.
private struct FolderIdentity: Equatable {
  let device: UInt64
  let file: UInt64

  init(_ path: String) {
    var status = stat()
    guard stat(path, &status) == 0 else {
      (device, file) = (0, 0)
      return
    }
    (device, file) = (UInt64(truncatingIfNeeded: status.st_dev), UInt64(truncatingIfNeeded: status.st_ino))
  }
}
