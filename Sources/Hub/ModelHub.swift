public import Foundation

/// Brings repositories of a Hugging Face style hub into the cache that all tools for it share.
public struct ModelHub: Sendable {
  /// Files of a repository at one commit, as a folder.
  public struct Snapshot: Sendable {
    public let url: URL
    public let commit: String
    /// Relative to `url`.
    public let files: [String]
    /// Of all these files.
    public let bytes: Int
    /// Came over the network now.
    public let receivedBytes: Int
  }

  public let settings: HubSettings

  public init(_ settings: HubSettings) { self.settings = settings }

  /// Downloads what the cache lacks. Content is verified before it gets its name; what was interrupted goes on
  /// where it stopped. Where the hub cannot be asked, what the cache holds is returned if it is all that was asked for.
  ///
  /// - Parameters:
  ///   - patterns: paths of files, or shell patterns where `*` also stands for `/`; empty for all files.
  ///   - parallel: files to download side by side.
  ///   - progress: told how many of how many bytes are there, a few times a second while there is something to
  ///     download, and once when all are; from any thread. Of 0, when the hub does not tell sizes.
  ///   - warn: told when the hub could not be asked and the cache had the answer.
  /// - Throws: `HubError`, `CancellationError`.
  public func pull(
    _ repository: RepositoryReference, files patterns: [String] = [], parallel: Int = 4,
    progress: @escaping @Sendable (Int, Int) -> Void = { _, _ in }, warn: (String) -> Void = { _ in }
  ) async throws -> Snapshot {
    let client = HubClient(settings: settings, repository: repository)
    let cache = HubCache(root: settings.cache, repository: repository)
    let (tree, failure) = try await findTree(client, cache)
    let chosen = try tree.files(matching: patterns, of: repository)
    let missing = chosen.filter { !cache.holds($0.path, of: tree.commit) }
    var received = 0
    if settings.isOffline || failure != nil {
      if let failure {
        guard missing.isEmpty else { throw failure }
        warn("\(failure); using what the cache holds")
      }
      guard missing.isEmpty else { throw HubError.incompleteCache(repository, missing: missing.map(\.path)) }
    } else {
      if !missing.isEmpty {
        try cache.store(tree)
        received = try await download(missing, of: tree.commit, client, cache, parallel, progress)
      }
      try cache.point(to: tree.commit)
    }
    let snapshot = cache.snapshot(tree.commit)
    return Snapshot(
      url: snapshot, commit: tree.commit, files: chosen.map(\.path),
      bytes: chosen.reduce(0) { $0 + (snapshot.appending(path: $1.path).fileSize ?? 0) },
      receivedBytes: received)
  }

  /// A commit never changes, so that what the cache knows of one need not be asked for.
  private func findTree(
    _ client: HubClient, _ cache: HubCache
  ) async throws -> (FileTree, failure: HubError?) {
    let repository = client.repository
    if repository.isCommit, let tree = cache.storedTree(repository.revision) { return (tree, nil) }
    if settings.isOffline {
      guard let tree = cache.knownCommit.flatMap(cache.knownTree) else {
        throw HubError.notCached(repository, cache: settings.cache)
      }
      return (tree, nil)
    }
    do {
      return (try await client.tree(), nil)
    } catch let error as HubError {
      guard error.saysNothingAboutTheRepository, let tree = cache.knownCommit.flatMap(cache.knownTree) else {
        throw error
      }
      return (tree, error)
    }
  }

  private func download(
    _ files: [FileTree.File], of commit: String, _ client: HubClient, _ cache: HubCache, _ parallel: Int,
    _ progress: @escaping @Sendable (Int, Int) -> Void
  ) async throws -> Int {
    let files = try await sideBySide(files, parallel) { file in
      guard file.etag == nil || file.size == nil else { return file }
      return try await client.announced(file, at: commit)
    }
    // The same content may have several names.
    let sizes = Dictionary(files.map { ($0.etag ?? "", $0.size ?? 0) }, uniquingKeysWith: max)
    // A server may claim what it likes.
    let sum = sizes.values.reduce(0) { sum, size in
      let (sum, isTooMuch) = sum.addingReportingOverflow(size)
      return isTooMuch ? .max : sum
    }
    let total = files.contains { $0.size == nil } ? 0 : sum
    let completed: @Sendable () -> Int = {
      let present = sizes.keys.reduce(0) { $0 + (cache.blob($1).fileSize ?? cache.part($1).fileSize ?? 0) }
      return min(present, total)
    }
    let needed = total - completed()
    if let free = settings.cache.freeBytes, needed > free {
      throw HubError.diskFull(settings.cache, needed: needed)
    }
    // All bytes may be there and turn out wrong, so that some come again.
    let reports = Task {
      var last: Int?
      while !Task.isCancelled {
        let bytes = completed()
        if bytes < total || bytes != last { progress(bytes, total) }
        last = bytes
        try? await Task.sleep(for: .milliseconds(200))
      }
      return last == total
    }
    let fetch = BlobDownload(client: client, cache: cache, commit: commit)
    let result = await Result { try await sideBySide(files, parallel) { try await fetch($0) } }
    // No report shall come after the result.
    reports.cancel()
    let areComplete = await reports.value
    let received = try result.get()
    if !areComplete { progress(total, total) }
    return received.reduce(0, +)
  }

  /// - Returns: the results in the order in which they came.
  private func sideBySide<Value: Sendable>(
    _ files: [FileTree.File], _ count: Int, _ work: @escaping @Sendable (FileTree.File) async throws -> Value
  ) async throws -> [Value] {
    try await withThrowingTaskGroup(of: Value.self) { group in
      var waiting = files.makeIterator()
      for _ in 0..<max(1, count) {
        if let file = waiting.next() { group.addTask { try await work(file) } }
      }
      var results: [Value] = []
      while let result = try await group.next() {
        results.append(result)
        if let file = waiting.next() { group.addTask { try await work(file) } }
      }
      return results
    }
  }
}

extension Result where Failure == any Error {
  fileprivate init(_ body: () async throws -> Success) async {
    do { self = .success(try await body()) } catch { self = .failure(error) }
  }
}

extension HubError {
  /// The hub is away or busy, so that what the cache knows still counts.
  fileprivate var saysNothingAboutTheRepository: Bool {
    switch self {
    case .unreachable, .tooManyRequests: true
    case .refused(_, let status, _): status >= 500
    default: false
    }
  }
}
