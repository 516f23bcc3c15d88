internal import Foundation

/// The folder that all tools for the hub share:
///
///     models--org--name/blobs/<etag>                content, each once
///     models--org--name/snapshots/<commit>/<file>   relative links to the blobs
///     models--org--name/refs/<branch or tag>        its commit
///     models--org--name/trees/<commit>.json         the files of a commit
///     .locks/models--org--name/<etag>.lock          held by who writes a blob
struct HubCache {
  let root: URL
  let repository: RepositoryReference

  private var name: String { "models--" + repository.name.replacing("/", with: "--") }
  var folder: URL { root.appending(path: name, directoryHint: .isDirectory) }

  func blob(_ etag: String) -> URL { folder.appending(path: "blobs/\(etag)", directoryHint: .notDirectory) }

  /// What there is of a blob; the next run goes on from there.
  func part(_ etag: String) -> URL { blob(etag + ".incomplete") }

  func snapshot(_ commit: String) -> URL {
    folder.appending(path: "snapshots/\(commit)", directoryHint: .notDirectory)
  }

  func lock(_ etag: String) -> URL {
    root.appending(path: ".locks/\(name)/\(etag).lock", directoryHint: .notDirectory)
  }

  /// A link without a target counts as missing.
  func holds(_ file: String, of commit: String) -> Bool {
    snapshot(commit).appending(path: file).fileSize != nil
  }

  // MARK: - What is known without the hub

  /// The commit that the revision was when last asked for.
  var knownCommit: String? {
    if repository.isCommit { return repository.revision }
    let text = try? String(contentsOfFile: reference.path(percentEncoded: false), encoding: .utf8)
    return text.flatMap { $0.isCommit ? $0 : nil }
  }

  /// As listed by the hub, or else what the snapshot holds.
  func knownTree(_ commit: String) -> FileTree? {
    storedTree(commit) ?? snapshotFiles(commit).map { FileTree(commit: commit, files: $0) }
  }

  func storedTree(_ commit: String) -> FileTree? {
    (try? Data(contentsOf: treeFile(commit))).flatMap { FileTree(stored: $0, commit: commit) }
  }

  private func snapshotFiles(_ commit: String) -> [FileTree.File]? {
    guard let names = try? FileManager.default.subpathsOfDirectory(atPath: snapshot(commit).path) else {
      return nil
    }
    let files = names.sorted().compactMap { name -> FileTree.File? in
      let url = snapshot(commit).appending(path: name)
      var isFolder: ObjCBool = false
      guard FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder), !isFolder.boolValue
      else {
        return nil
      }
      return FileTree.File(path: name, size: url.fileSize)
    }
    return files.isEmpty ? nil : files
  }

  // MARK: - What is written; each file in one step, so that no other tool sees half of it

  func store(_ tree: FileTree) throws {
    guard storedTree(tree.commit) == nil, let data = tree.stored else { return }
    try write(data, to: treeFile(tree.commit))
  }

  /// Remembers which commit the revision is now.
  func point(to commit: String) throws {
    guard !repository.isCommit, knownCommit != commit else { return }
    try write(Data(commit.utf8), to: reference)
  }

  func link(_ file: String, of commit: String, to etag: String) throws {
    let link = snapshot(commit).appending(path: file, directoryHint: .notDirectory)
    try makeFolder(link.deletingLastPathComponent())
    let up = String(repeating: "../", count: 2 + file.count { $0 == "/" })
    let temporary = link.path(percentEncoded: false) + ".\(UUID().uuidString.prefix(8)).tmp"
    guard symlink("\(up)blobs/\(etag)", temporary) == 0,
      rename(temporary, link.path(percentEncoded: false)) == 0
    else {
      let error = systemError(link.deletingLastPathComponent())
      unlink(temporary)
      throw error
    }
  }

  func makeFolder(_ url: URL) throws {
    do {
      try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    } catch {
      throw HubError.notWritable(url, reason: "the folder cannot be made")
    }
  }

  private var reference: URL {
    folder.appending(path: "refs/\(repository.revision)", directoryHint: .notDirectory)
  }

  private func treeFile(_ commit: String) -> URL {
    folder.appending(path: "trees/\(commit).json", directoryHint: .notDirectory)
  }

  private func write(_ data: Data, to file: URL) throws {
    try makeFolder(file.deletingLastPathComponent())
    do {
      try data.write(to: file, options: .atomic)
    } catch {
      throw (error as? CocoaError)?.code == .fileWriteOutOfSpace
        ? HubError.diskFull(folder, needed: nil)
        : HubError.notWritable(folder, reason: error.localizedDescription)
    }
  }
}

/// What the last failed system call says about writing to `folder`.
func systemError(_ folder: URL) -> HubError {
  [ENOSPC, EDQUOT].contains(errno)
    ? .diskFull(folder, needed: nil) : .notWritable(folder, reason: String(cString: strerror(errno)))
}

extension URL {
  /// On the disk that holds this, or will; nil where the system does not tell.
  var freeBytes: Int? {
    var folder = self.absoluteURL
    while !FileManager.default.fileExists(atPath: folder.path), folder.path != "/" {
      folder = folder.deletingLastPathComponent()
    }
    let attributes = try? FileManager.default.attributesOfFileSystem(forPath: folder.path)
    return (attributes?[.systemFreeSize] as? NSNumber)?.intValue
  }
}
