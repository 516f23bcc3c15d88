import Foundation
import Synchronization
import Testing

@testable import UniFormServer

/// What the document of the interface promises, seen: each status of each operation.
@Suite(.serialized) struct StatusTests {
  let scratch: Scratch

  init() throws { scratch = try Scratch() }

  private static let multipart = "multipart/form-data; boundary=XX"

  private func form(_ field: String, _ data: Data) -> Data {
    Data("--XX\r\nContent-Disposition: form-data; name=\"\(field)\"; filename=\"x\"\r\n\r\n".utf8) + data
      + Data("\r\n--XX--\r\n".utf8)
  }

  /// Asks for an operation as it stands in the document, about things that do not exist.
  private func ask(
    _ client: HTTPClient, _ operation: String, id: String = "none", _ headers: [String: String] = [:],
    _ body: String = "{}"
  ) async throws -> Reply {
    let parts = operation.split(separator: " ").map(String.init)
    let target = parts[1].replacing("{id}", with: id).replacing("{name}", with: "clip.mp4")
    return try await client(parts[0], target, headers: headers, body: Data(body.utf8))
  }

  /// Those that may answer with `status`.
  private func operations(with status: Int) -> [String] {
    Document.shared.operations.filter { $0.value.contains(status) }.keys.sorted()
  }

  @Test func `every status that is documented is answered`() async throws {
    try await lockedServer()
    try await fullServer()
    let server = try await ServerProcess.start(
      scratch.file("data"),
      ["--max-upload", "1MB", "--upload-seconds", "1", "--max-watchers", "1", "--rate", "100000"])
    let client = server.client
    for operation in operations(with: 403) {
      #expect(try await ask(client, operation, ["Host": "evil.example"]).status == 403, "\(operation)")
    }
    try await wrongContent(client)
    try await life(server)
    var missing: [String] = []
    let seen = Document.shared.seen.withLock(\.self)
    for (operation, statuses) in Document.shared.operations {
      missing += statuses.subtracting(seen[operation] ?? []).map { "\(operation) \($0)" }
    }
    #expect(missing.sorted() == [])
  }

  /// One that wants a token, and takes one change a minute.
  private func lockedServer() async throws {
    let token = "a-secret-of-some-length"
    try Data(token.utf8).write(to: scratch.file("token"))
    let server = try await ServerProcess.start(
      scratch.file("locked"), ["--token-file", scratch.file("token").path, "--rate", "1"])
    for operation in operations(with: 401) where operation != "POST /api/v1/session" {
      #expect(try await ask(server.client, operation).status == 401, "\(operation)")
    }
    #expect(try await server.client.json("POST", "/api/v1/session", ["token": token]).status == 204)
    for operation in operations(with: 429) {
      let reply = try await ask(server.client, operation, ["Authorization": "Bearer \(token)"])
      #expect(reply.status == 429, "\(operation)")
      #expect(reply.headers["retry-after"] != nil)
    }
  }

  /// One without room.
  private func fullServer() async throws {
    let server = try await ServerProcess.start(
      scratch.file("full"), ["--quota", "1KB", "--max-upload", "1000TB"])
    let client = server.client
    let kept = try await server.job(["prompt": "a bell rings", "steps": 2])
    #expect(try await client.json("PATCH", "/api/v1/jobs/\(kept)", ["pinned": true]).status == 200)
    #expect(try await server.outcome(kept)["status"] as? String == "succeeded")
    let fields = ["prompt": "rain"]
    for target in ["/api/v1/jobs", "/v1/videos"] {
      #expect(try await client.json("POST", target, fields).status == 507)
    }
    #expect(try await client.json("POST", "/api/v1/jobs/\(kept)/vary").status == 507)
    #expect(try await client("POST", "/api/v1/uploads", body: Data("x".utf8)).status == 507)
  }

  private func wrongContent(_ client: HTTPClient) async throws {
    let json = ["Content-Type": "application/json"]
    let large = Data("{\"prompt\":\"\(String(repeating: "x", count: 200_000))\"}".utf8)
    for operation in operations(with: 415) where operation != "POST /api/v1/uploads" {
      #expect(try await ask(client, operation, json, "{").status == 400, "\(operation)")
      #expect(try await ask(client, operation, ["Content-Type": "text/plain"]).status == 415, "\(operation)")
      #expect(try await ask(client, operation, json, "{\"colour\":1}").status == 422, "\(operation)")
      let parts = operation.split(separator: " ").map(String.init)
      let target = parts[1].replacing("{id}", with: "none")
      #expect(try await client(parts[0], target, headers: json, body: large).status == 413, "\(operation)")
    }
    let uploads = "/api/v1/uploads"
    let headers = ["Content-Type": Self.multipart]
    #expect(try await client("POST", uploads, headers: headers, body: Data("--XX".utf8)).status == 400)
    #expect(try await client("POST", uploads, body: Data("no clip".utf8)).status == 415)
    #expect(try await client("POST", uploads).status == 422)
    #expect(try await client("POST", uploads, body: Data(count: 2 << 20)).status == 413)
    for target in [uploads, "/v1/videos"] {
      #expect(try await client.drip(target, headers: headers, length: 1000).status == 408)
    }
    for operation in operations(with: 404) where operation != "POST /api/v1/jobs" {
      let body = operation.hasPrefix("PATCH") ? "{\"pinned\":true}" : "{}"
      #expect(try await ask(client, operation, json, body).status == 404, "\(operation)")
    }
    for target in ["/api/v1/jobs?limit=0", "/v1/videos?limit=0"] {
      #expect(try await client("GET", target).status == 422)
    }
  }

  /// A job from its beginning to its end, and a worker that is gone.
  private func life(_ server: ServerProcess) async throws {
    let client = server.client
    for target in [
      "/api/v1/model", "/api/v1/openapi.json", "/healthz", "/metrics", "/v1/videos", "/api/v1/jobs",
    ] {
      #expect(try await client("GET", target).status == 200)
    }
    let sound = try await scratch.clip("in.wav", "-f", "lavfi", "-i", "sine=frequency=440:duration=1")
    let upload = try await client("POST", "/api/v1/uploads", body: sound)
    let file = try #require(try upload.json()["id"] as? String)
    #expect(try await client.json("POST", "/api/v1/plan", ["upload": file]).status == 200)
    try FileManager.default.removeItem(at: scratch.file("data/uploads/\(file)"))
    #expect(try await client.json("POST", "/api/v1/jobs", ["upload": file]).status == 404)

    let video = try await client.json("POST", "/v1/videos", ["prompt": "a bell rings"])
    let id = try #require(try video.json()["id"] as? String)
    let job = "job_" + id.dropFirst(6)
    // The head alone, for nobody may watch then: one may at once, and is missed only later.
    for target in ["/api/v1/events", "/api/v1/jobs/\(job)/events"] {
      #expect(try await client("HEAD", target).status == 200)
    }
    _ = try await server.outcome(job)
    for target in ["/v1/videos/\(id)/content", "/api/v1/jobs/\(job)/media/clip.mp4"] {
      let clip = try await client("GET", target)
      #expect(clip.status == 200)
      let tag = try #require(clip.headers["etag"])
      #expect(try await client("GET", target, headers: ["If-None-Match": tag]).status == 304)
      #expect(try await client("GET", target, headers: ["Range": "bytes=0-9"]).status == 206)
      #expect(try await client("GET", target, headers: ["Range": "bytes=99999999-"]).status == 416)
    }
    #expect(try await client("GET", "/v1/videos/\(id)").status == 200)
    #expect(try await client("GET", "/v1/videos/\(id)/content?variant=sound").status == 422)
    #expect(try await client("GET", "/api/v1/jobs/\(job)").status == 200)
    for action in ["cancel", "retry"] {
      #expect(try await client("POST", "/api/v1/jobs/\(job)/\(action)").status == 409)
    }
    #expect(try await client.json("PATCH", "/api/v1/jobs/\(job)", ["pinned": true]).status == 200)
    #expect(try await client.json("POST", "/api/v1/session", ["token": "x"]).status == 401)
    #expect(try await client("DELETE", "/api/v1/session").status == 204)

    let endless = try await server.job(["prompt": "rain", "steps": 1000, "seconds": 10])
    let varied = try await client.json("POST", "/api/v1/jobs/\(endless)/vary")
    #expect(varied.status == 201)
    let child = try #require(try varied.json()["id"] as? String)
    #expect(try await client("POST", "/api/v1/jobs/\(child)/cancel").status == 200)
    #expect(try await client("POST", "/api/v1/jobs/\(child)/retry").status == 200)
    #expect(try await client("DELETE", "/api/v1/jobs/\(child)").status == 204)
    #expect(try await client("DELETE", "/v1/videos/\(id)").status == 200)
    // One watches already.
    let watcher = try client.watch("/api/v1/jobs/\(endless)/events")
    for target in ["/api/v1/events", "/api/v1/jobs/\(endless)/events"] {
      var reply = try await client("HEAD", target)
      while reply.status == 200 { reply = try await client("HEAD", target) }
      #expect(reply.status == 503)
    }
    withExtendedLifetime(watcher) {}
    _ = try await client("POST", "/api/v1/jobs/\(endless)/cancel")
    kill(try #require(server.workers.first), SIGKILL)
    var health = try await client("GET", "/healthz")
    while health.status == 200 { health = try await client("GET", "/healthz") }
    #expect(health.status == 503)
    #expect(try await client.json("POST", "/api/v1/plan", ["prompt": "rain"]).status == 503)
    // Another one comes.
    while health.status == 503 {
      try await Task.sleep(for: .milliseconds(50))
      health = try await client("GET", "/healthz")
    }
    #expect(health.status == 200)
  }
}
