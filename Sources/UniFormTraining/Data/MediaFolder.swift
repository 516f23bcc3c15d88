internal import Foundation

/// The files of a data set: those with pictures, and those with words about them.
struct MediaFolder: Sendable {
  let root: URL
  /// In the order of their paths.
  let files: [URL]
  /// Lists, and texts beside clips.
  let texts: [URL]

  static let videoEndings: Set<String> = [
    "mp4", "m4v", "mov", "webm", "mkv", "avi", "flv", "ogv", "mpg", "mpeg", "ts", "3gp", "wmv",
  ]
  static let textEndings: Set<String> = ["csv", "tsv", "txt", "json", "jsonl", "ndjson"]
  /// Deeper than any data set; links that lead back into their folder end here.
  private static let deepest = 12

  /// - Throws: ``DataError``.
  init(_ root: URL) throws(DataError) {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: root.path, isDirectory: &isFolder), isFolder.boolValue else {
      throw .noSource(root)
    }
    self.root = root
    var files: [String] = []
    var texts: [String] = []
    // Links to folders are followed: data sets are often spread over disks.
    func visit(_ path: String, depth: Int) {
      let names = (try? FileManager.default.contentsOfDirectory(atPath: root.path + path)) ?? []
      for name in names where !name.hasPrefix(".") {
        let ending = name.split(separator: ".").last.map { $0.lowercased() } ?? ""
        if Self.videoEndings.contains(ending) {
          files.append("\(path)/\(name)")
        } else if Self.textEndings.contains(ending) {
          texts.append("\(path)/\(name)")
        } else if depth < Self.deepest {
          var isFolder: ObjCBool = false
          let exists = FileManager.default.fileExists(
            atPath: "\(root.path)\(path)/\(name)", isDirectory: &isFolder)
          if exists && isFolder.boolValue { visit("\(path)/\(name)", depth: depth + 1) }
        }
      }
    }
    visit("", depth: 0)
    self.files = files.sorted().map { Self.url(root, $0) }
    self.texts = texts.sorted().map { Self.url(root, $0) }
  }

  private static func url(_ root: URL, _ path: String) -> URL {
    root.appending(path: String(path.dropFirst()), directoryHint: .notDirectory)
  }

  /// Relative to the folder.
  func path(of file: URL) -> String {
    let (path, prefix) = (file.path, root.path + "/")
    return path.hasPrefix(prefix) ? String(path.dropFirst(prefix.count)) : path
  }

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
