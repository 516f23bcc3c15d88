import Foundation
import Synchronization
import Testing

@testable import Hub

/// A hub with a few files, and an empty cache.
final class Place {
  static let files: [String: Data] = [
    "config.json": Data("{\"a\": 1}\n".utf8), "vae/config.json": Data("{}\n".utf8), "empty.txt": Data(),
    "model.safetensors": bytes(60_000, 1), "vae/model.safetensors": bytes(40_000, 2),
    "copy.safetensors": bytes(60_000, 1), "a b%#?.txt": Data("odd".utf8),
  ]
  static let large: Set = ["model.safetensors", "vae/model.safetensors", "copy.safetensors"]

  let hub: TestHub
  let cache = FileManager.default.temporaryDirectory.appending(path: "uniform-hub-\(UUID().uuidString)")
  var settings: HubSettings

  init(_ change: (inout TestHub.Character) -> Void = { _ in }) throws {
    var character = TestHub.Character(files: Self.files, large: Self.large)
    change(&character)
    hub = try TestHub(character)
    settings = HubSettings(endpoint: hub.endpoint, cache: cache)
    settings.retry = RetryPolicy(attempts: 3, firstPause: 0.01, longestPause: 2)
  }

  deinit { try? FileManager.default.removeItem(at: cache) }

  static func bytes(_ count: Int, _ seed: UInt8) -> Data {
    Data((0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) ^ seed })
  }

  func pull(_ reference: String = "org/model", _ patterns: String...) async throws -> ModelHub.Snapshot {
    try await ModelHub(settings).pull(RepositoryReference(reference), files: patterns)
  }

  func expectError(
    _ error: HubError, pulling reference: String = "org/model", _ patterns: String...,
    sourceLocation: SourceLocation = #_sourceLocation
  ) async {
    await #expect(throws: error, sourceLocation: sourceLocation) {
      try await ModelHub(self.settings).pull(RepositoryReference(reference), files: patterns)
    }
  }

  var folder: URL { cache.appending(path: "models--org--model") }

  func blob(_ file: String) -> URL {
    let data = Self.files[file]!
    let name = Self.large.contains(file) ? TestHub.sha256(data) : TestHub.gitBlob(data)
    return folder.appending(path: "blobs/\(name)")
  }

  /// Regular files and links in the cache, but for locks.
  var names: [String] {
    let all = (try? FileManager.default.subpathsOfDirectory(atPath: folder.path)) ?? []
    return all.filter { name in
      var isFolder: ObjCBool = false
      let exists = FileManager.default.fileExists(
        atPath: folder.appending(path: name).path, isDirectory: &isFolder)
      return !exists || !isFolder.boolValue
    }.sorted()
  }

  /// Where the content of a file is asked for.
  func contentPath(_ file: String) -> String {
    Self.large.contains(file) ? "/store/\(file)" : hub.resolvePath(file)
  }

  func ranges(of file: String) -> [String?] {
    hub.requests.filter { $0.isStore && $0.method == "GET" && $0.path.hasSuffix("/\(file)") }.map {
      $0.headers["range"]
    }
  }
}

@Suite struct PullTests {
  @Test func `a whole repository lies in the cache as other tools expect it`() async throws {
    let place = try Place()
    let snapshot = try await place.pull()
    #expect(snapshot.url.path == place.folder.appending(path: "snapshots/\(place.hub.commit)").path)
    #expect(snapshot.files == Place.files.keys.sorted())
    for (name, data) in Place.files {
      #expect(try Data(contentsOf: snapshot.url.appending(path: name)) == data)
    }
    #expect(snapshot.receivedBytes == Place.files.values.reduce(0) { $0 + $1.count } - 60_000)
    let manager = FileManager.default
    let hash = TestHub.sha256(Place.files["model.safetensors"]!)
    for (name, up) in [("model.safetensors", "../../"), ("vae/config.json", "../../../")] {
      let target = try manager.destinationOfSymbolicLink(atPath: snapshot.url.appending(path: name).path)
      #expect(target == "\(up)blobs/\(place.blob(name).lastPathComponent)")
    }
    #expect(place.blob("model.safetensors").lastPathComponent == hash)
    #expect(
      try String(contentsOf: place.folder.appending(path: "refs/main"), encoding: .utf8) == place.hub.commit)
    #expect(!place.names.contains { $0.hasSuffix(".incomplete") || $0.hasSuffix(".tmp") })
    #expect(place.names.contains("trees/\(place.hub.commit).json"))
  }

  @Test func `a second time asks for the list alone, and a commit for nothing`() async throws {
    let place = try Place()
    _ = try await place.pull()
    let names = place.names
    place.hub.forgetRequests()
    #expect(try await place.pull().receivedBytes == 0)
    #expect(place.hub.requests.map(\.path) == [TestHub.listingPath()])
    place.hub.forgetRequests()
    #expect(try await place.pull("org/model@\(place.hub.commit)").files.count == Place.files.count)
    #expect(place.hub.requests.isEmpty)
    #expect(place.names == names)
  }

  @Test func `offline the cache answers, and says what it lacks`() async throws {
    let place = try Place()
    let reference = try RepositoryReference("org/model")
    place.settings.isOffline = true
    await place.expectError(.notCached(reference, cache: place.cache))
    place.settings.isOffline = false
    let snapshot = try await place.pull("org/model", "*.json")
    place.settings.isOffline = true
    place.hub.forgetRequests()
    #expect(try await place.pull("org/model", "vae/*.json", "config.json").url == snapshot.url)
    await place.expectError(
      .incompleteCache(
        reference,
        missing: [
          "a b%#?.txt", "copy.safetensors", "empty.txt", "model.safetensors", "vae/model.safetensors",
        ]))
    #expect(place.hub.requests.isEmpty)
  }

  @Test func `when the hub cannot be asked the cache answers with a warning`() async throws {
    let place = try Place()
    let snapshot = try await place.pull("org/model", "config.json")
    var warnings: [String] = []
    func pullAgain() async throws -> URL {
      try await ModelHub(place.settings).pull(
        RepositoryReference("org/model"), files: ["config.json"], warn: { warnings.append($0) }
      ).url
    }
    place.hub.change { $0.faults[TestHub.listingPath()] = [.status(429, ["Retry-After": "900"])] }
    #expect(try await pullAgain() == snapshot.url)
    place.hub.stop()
    #expect(try await pullAgain() == snapshot.url)
    #expect(warnings.count == 2 && warnings[0].contains("(429)"))
    #expect(warnings[1].contains("cannot reach 127.0.0.1"))
    await #expect(throws: HubError.self) { try await place.pull() }
  }

  @Test func `patterns choose files`() async throws {
    let place = try Place()
    #expect(try await place.pull("org/model", "vae/").files == ["vae/config.json", "vae/model.safetensors"])
    #expect(try await place.pull("org/model", "*.json", "empty.???").files.count == 3)
    let reference = try RepositoryReference("org/model")
    await place.expectError(.noFile(reference, pattern: "*.bin"), "*.json", "*.bin")
  }

  @Test func `a hub whose list has neither sizes nor hashes`() async throws {
    let place = try Place {
      $0.listsBlobs = false
      $0.redirectsSmallFiles = true
      $0.files["a b%#?.txt"] = nil
    }
    place.settings.token = "hf_secret"
    let snapshot = try await place.pull()
    for name in snapshot.files {
      #expect(try Data(contentsOf: snapshot.url.appending(path: name)) == Place.files[name])
      #expect(FileManager.default.fileExists(atPath: place.blob(name).path))
    }
    let heads = place.hub.requests.filter { $0.method == "HEAD" }
    #expect(!heads.isEmpty && heads.allSatisfy { !$0.isStore })
    #expect(!place.names.contains { $0.hasPrefix("trees") })
  }

  @Test func `another branch shares blobs`() async throws {
    let place = try Place()
    _ = try await place.pull()
    place.hub.change {
      $0.commit = String(repeating: "5", count: 40)
      $0.files["config.json"] = Data("new".utf8)
    }
    let snapshot = try await place.pull("org/model@refs/pr/1")
    #expect(snapshot.receivedBytes == 3)
    let reference = place.folder.appending(path: "refs/refs/pr/1")
    #expect(try String(contentsOf: reference, encoding: .utf8) == snapshot.commit)
  }

  @Test func `two at once do not disturb each other`() async throws {
    let place = try Place { $0.faults["/store/model.safetensors"] = [.slow(10)] }
    let settings = place.settings
    let pull = { @Sendable in
      try await ModelHub(settings).pull(RepositoryReference("org/model"), files: ["model.safetensors"])
    }
    async let first = pull()
    async let second = pull()
    let received = try await [first.receivedBytes, second.receivedBytes]
    #expect(received.sorted() == [0, 60_000])
    #expect(place.ranges(of: "model.safetensors").count == 1)
  }

  @Test func `files come side by side, each content once, with progress`() async throws {
    let seenHalf = Gate()
    let place = try Place { character in
      for name in Place.large { character.faults["/store/\(name)"] = [.together(2, seenHalf)] }
    }
    let reports = Mutex<[(Int, Int)]>([])
    _ = try await ModelHub(place.settings).pull(
      RepositoryReference("org/model"), files: ["*.safetensors"],
      progress: { completed, total in
        reports.withLock { $0.append((completed, total)) }
        if completed > 0 { seenHalf.open() }
      })
    #expect(place.hub.mostActive == 2)
    let seen = reports.withLock { $0 }
    #expect(seen.first?.0 == 0 && seen.last?.0 == 100_000)
    #expect(seen.contains { $0.0 > 0 && $0.0 < 100_000 })
    #expect(zip(seen, seen.dropFirst()).allSatisfy { $0.0 <= $1.0 })
    #expect(seen.allSatisfy { $0.1 == 100_000 })
  }
}
