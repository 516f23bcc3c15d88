import Foundation
import Testing

@testable import Hub

/// What networks, hubs and disks do, and that nothing half-written or untrue gets a name.
@Suite struct HubFailureTests {
  let reference: RepositoryReference

  init() throws { reference = try RepositoryReference("org/model") }

  @Test func `the hub gets the token of the file that is named`() async throws {
    let place = try Place { $0.token = "hf_stored" }
    let file = FileManager.default.temporaryDirectory.appending(path: "uniform-token-\(UUID().uuidString)")
    try Data("hf_stored\n".utf8).write(to: file)
    defer { try? FileManager.default.removeItem(at: file) }
    place.settings.token = try HubSettings(environment: ["HF_TOKEN_PATH": file.path]).token
    _ = try await place.pull()
    #expect(place.hub.requests.first?.headers["authorization"] == "Bearer hf_stored")
  }

  @Test func `the token goes to the hub and to nobody else`() async throws {
    let place = try Place { $0.token = "hf_secret" }
    place.settings.token = "hf_secret"
    _ = try await place.pull("org/model", "model.safetensors", "config.json")
    let requests = place.hub.requests
    #expect(requests.contains { $0.isStore } && requests.contains { !$0.isStore })
    for request in requests {
      #expect(request.headers["authorization"] == (request.isStore ? nil : "Bearer hf_secret"))
    }
    // The address of the store came as it was sent.
    #expect(requests.contains { $0.isStore && $0.target.hasSuffix("?signature=abc%2Fdef") })
  }

  @Test func `repositories that are closed`() async throws {
    let place = try Place { $0.token = "hf_secret" }
    let page = place.hub.endpoint.appending(path: "org/model")
    await place.expectError(.denied(reference, status: 401, page: page, hasToken: false))
    place.settings.token = "hf_wrong"
    await place.expectError(.denied(reference, status: 401, page: page, hasToken: true))
    place.hub.change { $0.isGated = true }
    place.settings.token = "hf_secret"
    let error = HubError.denied(reference, status: 403, page: page, hasToken: true)
    await place.expectError(error, "*.json")
    #expect(error.description.contains("accept the licence at http://127.0.0.1"))
    #expect(!place.names.contains { $0.hasSuffix(".incomplete") || $0.hasPrefix("refs") })
  }

  @Test func `what is not there`() async throws {
    let place = try Place()
    await place.expectError(
      .noRepository(try RepositoryReference("org/other"), hub: "127.0.0.1"), pulling: "org/other")
    await place.expectError(
      .noRevision(try RepositoryReference("org/model@v2"), hub: "127.0.0.1"), pulling: "org/model@v2")
    await place.expectError(.noFile(reference, pattern: "config.yaml"), "config.yaml")
    #expect(place.names.isEmpty)
  }

  @Test func `a hub that is busy is asked again after the time it asks for`() async throws {
    let place = try Place()
    place.hub.change { $0.faults[TestHub.listingPath()] = [.status(429, ["Retry-After": "1"])] }
    let start = ContinuousClock.now
    _ = try await place.pull("org/model", "config.json")
    #expect(ContinuousClock.now - start >= .seconds(1))
    #expect(place.hub.requests.count { $0.path == TestHub.listingPath() } == 2)
  }

  @Test func `a hub that asks for too long, or that stays busy, is given up`() async throws {
    let place = try Place()
    place.hub.change { $0.faults[TestHub.listingPath()] = [.status(429, ["Retry-After": "3600"])] }
    await place.expectError(.tooManyRequests(host: "127.0.0.1", seconds: 3600))
    #expect(place.hub.requests.count == 1)
    place.hub.change { $0.faults[TestHub.listingPath()] = [.status(429), .status(429), .status(429)] }
    await place.expectError(.tooManyRequests(host: "127.0.0.1", seconds: nil))
    #expect(place.hub.requests.count == 4)
  }

  @Test func `faults of the server pass, or are given up`() async throws {
    let place = try Place()
    place.hub.change {
      $0.faults[TestHub.listingPath()] = [.status(500)]
      $0.faults["/store/model.safetensors"] = [.status(503)]
    }
    _ = try await place.pull("org/model", "model.safetensors")
    place.hub.change { $0.faults[TestHub.listingPath()] = [.status(502), .status(502), .status(502)] }
    await place.expectError(.refused(host: "127.0.0.1", status: 502, what: "the list of files"))
  }

  @Test func `a connection cut half-way goes on where it was`() async throws {
    let place = try Place()
    place.hub.change { $0.faults["/store/model.safetensors"] = [.cut(after: 20_000), .end(after: 10_000)] }
    let snapshot = try await place.pull("org/model", "model.safetensors")
    #expect(place.ranges(of: "model.safetensors") == [nil, "bytes=20000-", "bytes=30000-"])
    #expect(try Data(contentsOf: place.blob("model.safetensors")) == Place.files["model.safetensors"])
    #expect(snapshot.receivedBytes == 60_000)
  }

  @Test func `what an earlier run left is used, and one that is refused a range begins anew`() async throws {
    let place = try Place()
    let whole = Place.files["model.safetensors"]!
    let part = place.blob("model.safetensors").appendingPathExtension("incomplete")
    try FileManager.default.createDirectory(
      at: part.deletingLastPathComponent(), withIntermediateDirectories: true)
    try whole.prefix(50_000).write(to: part)
    place.hub.change { $0.faults["/store/model.safetensors"] = [.noRange] }
    #expect(try await place.pull("org/model", "model.safetensors").receivedBytes > 0)
    #expect(place.ranges(of: "model.safetensors") == ["bytes=50000-", nil])
    #expect(try Data(contentsOf: place.blob("model.safetensors")) == whole)
    #expect(!FileManager.default.fileExists(atPath: part.path))
  }

  @Test func `a part that is whole is only verified`() async throws {
    let place = try Place()
    let part = place.blob("model.safetensors").appendingPathExtension("incomplete")
    try FileManager.default.createDirectory(
      at: part.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Place.files["model.safetensors"]!.write(to: part)
    #expect(try await place.pull("org/model", "model.safetensors").receivedBytes == 0)
    #expect(place.ranges(of: "model.safetensors").isEmpty)
  }

  @Test(arguments: ["model.safetensors", "config.json"])
  func `content with another hash is fetched once more`(file: String) async throws {
    let place = try Place()
    let path = place.contentPath(file)
    place.hub.change { $0.faults[path] = [.wrongByte] }
    let snapshot = try await place.pull("org/model", file)
    #expect(snapshot.files == [file] && snapshot.receivedBytes == 2 * Place.files[file]!.count)
    #expect(try Data(contentsOf: place.blob(file)) == Place.files[file])
    #expect(place.hub.requests.count { $0.path == path } == 2)
  }

  @Test func `a part with wrong bytes is finished, found out and fetched as a whole`() async throws {
    let place = try Place()
    let part = place.blob("model.safetensors").appendingPathExtension("incomplete")
    try FileManager.default.createDirectory(
      at: part.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(repeating: 7, count: 40_000).write(to: part)
    #expect(try await place.pull("org/model", "model.safetensors").receivedBytes == 20_000 + 60_000)
    #expect(place.ranges(of: "model.safetensors") == ["bytes=40000-", nil])
    #expect(try Data(contentsOf: place.blob("model.safetensors")) == Place.files["model.safetensors"])
  }

  @Test(arguments: ["model.safetensors", "config.json"])
  func `content with another hash on the second try, too, is refused and removed`(file: String) async throws {
    let place = try Place()
    let path = place.contentPath(file)
    place.hub.change { $0.faults[path] = [.wrongByte, .wrongByte] }
    let error = await #expect(throws: HubError.self) { try await place.pull("org/model", file) }
    guard case .wrongContent(file, let expected, let found) = error else {
      Issue.record("\(String(describing: error))")
      return
    }
    #expect(expected == place.blob(file).lastPathComponent && found != expected)
    #expect(place.names == ["trees/\(place.hub.commit).json"])
    #expect(place.hub.requests.count { $0.path == path } == 2)
    #expect(error?.description.contains("nor was it on a second try (hash ") == true)
    #expect(try await place.pull("org/model", file).files == [file])
  }

  @Test func `a disk too small is known before the download`() async throws {
    let place = try Place()
    let sha = String(repeating: "ab", count: 32)
    place.hub.change {
      $0.listing = """
        {"sha": "\(String(repeating: "1", count: 40))", "siblings": [{"rfilename": "big.safetensors",
        "blobId": "\(String(repeating: "2", count: 40))", "size": 9000000000000000,
        "lfs": {"sha256": "\(sha)", "size": 9000000000000000}}]}
        """
    }
    await place.expectError(.diskFull(place.cache, needed: 9_000_000_000_000_000))
    #expect(place.hub.requests.count == 1)
  }

  @Test(arguments: ["../../evil", "/etc/passwd", "a/../b", "", "a//b", "a\u{0}b"])
  func `names that lead out of the cache are refused`(name: String) async throws {
    let place = try Place()
    let listing =
      ["sha": String(repeating: "1", count: 40), "siblings": [["rfilename": name]]] as [String: Any]
    let text = String(decoding: try JSONSerialization.data(withJSONObject: listing), as: UTF8.self)
    place.hub.change { $0.listing = text }
    await place.expectError(.malformedReply(host: "127.0.0.1", what: "a file that has an unsafe name"))
    #expect(place.names.isEmpty)
  }

  @Test(arguments: ["<html>", "{}", #"{"sha": "main", "siblings": []}"#])
  func `what is no list of files is refused`(listing: String) async throws {
    let place = try Place { $0.listing = listing }
    let error = await #expect(throws: HubError.self) { try await place.pull() }
    #expect(error?.description.contains("check HF_ENDPOINT") == true)
  }

  @Test func `no network is said at once`() async throws {
    let place = try Place()
    place.hub.stop()
    place.settings.retry.firstPause = 60
    let error = await #expect(throws: HubError.self) { try await place.pull() }
    #expect(error?.description.hasPrefix("cannot reach 127.0.0.1 (") == true)
  }

  @Test func `cancelled, it leaves a part and no file, and goes on later`() async throws {
    let place = try Place { $0.faults["/store/model.safetensors"] = [.stall(20_000)] }
    let settings = place.settings
    let part = place.blob("model.safetensors").appendingPathExtension("incomplete")
    let work = Task {
      try await ModelHub(settings).pull(RepositoryReference("org/model"), files: ["model.safetensors"])
    }
    // Not a task that sleeps: among many tests it may wake a minute after its time.
    Thread.detachNewThread {
      for _ in 0..<6_000 where (part.fileSize ?? 0) < 5_000 { usleep(10_000) }
      work.cancel()
    }
    await #expect(throws: CancellationError.self) { try await work.value }
    #expect(place.names == ["blobs/\(part.lastPathComponent)", "trees/\(place.hub.commit).json"])
    place.hub.forgetRequests()
    let before = try #require(part.fileSize)
    #expect(try await place.pull("org/model", "model.safetensors").receivedBytes == 60_000 - before)
    #expect(place.ranges(of: "model.safetensors") == ["bytes=\(before)-"])
  }
}
