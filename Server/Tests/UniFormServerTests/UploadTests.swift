import Foundation
import Testing

/// Files of strangers: good ones are used, all others are refused with a reason, and the server lives.
@Suite(.serialized) struct UploadTests {
  let scratch: Scratch

  init() throws { scratch = try Scratch() }

  private func form(_ name: String, _ data: Data) -> (headers: [String: String], body: Data) {
    let head =
      "--XX\r\nContent-Disposition: form-data; name=\"file\"; filename=\"\(name)\"\r\n"
      + "Content-Type: application/octet-stream\r\n\r\n"
    return (
      ["Content-Type": "multipart/form-data; boundary=XX"],
      Data(head.utf8) + data + Data("\r\n--XX--\r\n".utf8)
    )
  }

  @Test func `a video gets sound, and a sound pictures`() async throws {
    let server = try await ServerProcess.start(scratch.file("data"))
    let client = server.client
    let video = try await scratch.clip(
      "in.mp4", "-f", "lavfi", "-i", "testsrc=size=96x64:rate=10:duration=2", "-pix_fmt", "yuv420p")
    let sound = try await scratch.clip("in.wav", "-f", "lavfi", "-i", "sine=frequency=440:duration=2")
    let raw = try await client("POST", "/api/v1/uploads?name=..%2F..%2Fetc%2Fpasswd", body: video)
    #expect(raw.status == 201, "\(raw.text)")
    let found = try raw.json()
    #expect(found["kind"] as? String == "video")
    #expect(found["name"] as? String == "passwd")
    #expect(found["width"] as? Int == 96)
    #expect(found["has_sound"] as? Bool == false)
    let (headers, body) = form("../../x.wav", sound)
    let formed = try await client("POST", "/api/v1/uploads", headers: headers, body: body)
    #expect(formed.status == 201, "\(formed.text)")
    for (upload, task) in [(raw, "v2a"), (formed, "a2v")] {
      let uploaded = try #require(try upload.json()["id"] as? String)
      let id = try await server.job(["upload": uploaded, "steps": 2, "seed": 1])
      let job = try await server.outcome(id)
      #expect(job["status"] as? String == "succeeded", "\(job)")
      #expect(job["task"] as? String == task)
      #expect(((job["notes"] as? [String]) ?? []).contains { $0.contains("ends after 2") }, "\(job)")
      let input = try await client("GET", "/api/v1/jobs/\(id)/media/input")
      #expect(input.body == (task == "v2a" ? video : sound))
    }
    // What the names said is nowhere on the disk.
    let names = try FileManager.default.subpathsOfDirectory(atPath: scratch.file("data").path)
    #expect(!names.contains { $0.contains("passwd") || $0.contains("x.wav") })
  }

  @Test func `what is no clip is refused, and nothing of it stays`() async throws {
    let server = try await ServerProcess.start(scratch.file("data"), ["--max-upload", "1MB"])
    let client = server.client
    let video = try await scratch.clip("in.mp4", "-f", "lavfi", "-i", "testsrc=size=96x64:rate=10:duration=2")
    let huge = try await scratch.clip(
      "huge.mp4", "-f", "lavfi", "-i", "color=black:size=8192x4608:rate=1:duration=1", "-c:v", "mjpeg")
    let long = try await scratch.clip(
      "long.mp4", "-f", "lavfi", "-i", "color=black:size=16x16:rate=1/100:duration=9000", "-c:v", "mpeg4")
    let list = "ffconcat version 1.0\nfile '\(scratch.file("in.mp4").path)'\n"
    let playlist =
      "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n\(scratch.file("in.mp4").path)\n#EXT-X-ENDLIST\n"
    let remote = "#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:\(client.port)/healthz\n#EXT-X-ENDLIST\n"
    for (name, data, status) in [
      ("empty", Data(), 422), ("text.mp4", Data("no clip".utf8), 415),
      ("page.html", Data("<html></html>".utf8), 415),
      ("picture.svg", Data("<svg xmlns=\"http://www.w3.org/2000/svg\"/>".utf8), 415),
      ("list.txt", Data(list.utf8), 415), ("list.m3u8", Data(playlist.utf8), 415),
      ("remote.m3u8", Data(remote.utf8), 415), ("half.mp4", video.prefix(video.count / 2), 415),
      ("huge.mp4", huge, 422), ("long.mp4", long, 422), ("large", Data(count: 1 << 21), 413),
    ] {
      let reply = try await client("POST", "/api/v1/uploads?name=\(name)", body: data)
      #expect(reply.status == status, "\(name): \(reply.text)")
      #expect(reply.code != nil)
      let (headers, body) = form(name, data)
      #expect(
        try await client("POST", "/api/v1/uploads", headers: headers, body: body).status == status, "\(name)")
    }
    let (headers, body) = form("cut.mp4", video)
    let cut = try await client("POST", "/api/v1/uploads", headers: headers, body: body.dropLast(10))
    #expect(cut.status == 400)
    #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.file("data/uploads").path) == [])
    #expect(try await client("GET", "/healthz").status == 200)
  }

  @Test func `a recording that does not say how long it is, is measured and used`() async throws {
    let server = try await ServerProcess.start(scratch.file("data"))
    let live = try await scratch.clip(
      "live.webm", "-f", "lavfi", "-i", "sine=duration=3", "-c:a", "libopus", "-f", "webm", "-live", "1")
    let upload = try await server.client("POST", "/api/v1/uploads?name=live.webm", body: live)
    #expect(upload.status == 201, "\(upload.text)")
    let seconds = try #require(try upload.json()["seconds"] as? Double)
    #expect(abs(seconds - 3) < 0.1)
    let file = try #require(try upload.json()["id"] as? String)
    let job = try await server.outcome(try await server.job(["upload": file, "steps": 2]))
    #expect(job["status"] as? String == "succeeded", "\(job)")
  }

  @Test func `a form is bounded also where its length is said nowhere`() async throws {
    let server = try await ServerProcess.start(scratch.file("data"), ["--max-upload", "1MB"])
    let client = server.client
    func fields(_ count: Int, of bytes: Int) -> String {
      let text = String(repeating: "x", count: bytes)
      return (0..<count).map {
        "--XX\r\nContent-Disposition: form-data; name=\"\($0)\"\r\n\r\n\(text)\r\n"
      }.joined() + "--XX--\r\n"
    }
    let (end, much) = (Data("--XX--\r\n".utf8), Data(count: 2_200_000))
    let (headers, file) = form("large", Data(count: 1_100_000))
    let bodies: [(String, Data)] = [
      ("fields", Data(fields(3, of: 100_000).utf8)), ("parts", Data(fields(33, of: 1).utf8)),
      ("preamble", much + end), ("epilogue", end + much), ("file", file),
    ]
    for (name, body) in bodies {
      let reply = try await client.chunked("/api/v1/uploads", headers: headers, body: body)
      #expect(reply.status == 413, "\(name): \(reply.text)")
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.file("data/uploads").path) == [])
    let sound = try await scratch.clip("in.wav", "-f", "lavfi", "-i", "sine=frequency=440:duration=1")
    let small = try await client.chunked("/api/v1/uploads", headers: headers, body: form("x.wav", sound).body)
    #expect(small.status == 201, "\(small.text)")
  }

  @Test func `uploads and what cancelled jobs were given count against the quota`() async throws {
    let server = try await ServerProcess.start(scratch.file("data"), ["--quota", "3000KB"])
    let client = server.client
    let finished = try await server.job(["prompt": "rain", "steps": 1])
    _ = try await server.outcome(finished)
    let long = try await server.job(["prompt": "rain", "steps": 1000, "seconds": 10])
    try await server.waitUntilRuns(long)
    // Of 1058 KB.
    let sound = try await scratch.clip("in.wav", "-f", "lavfi", "-i", "sine=frequency=440:duration=12")
    let upload = try await client("POST", "/api/v1/uploads", body: sound)
    let file = try #require(try upload.json()["id"] as? String)
    for _ in 0..<2 {
      let id = try await server.job(["upload": file])
      #expect(try await client("POST", "/api/v1/jobs/\(id)/cancel").status == 200)
      #expect(try await client.json("PATCH", "/api/v1/jobs/\(id)", ["pinned": true]).status == 200)
    }
    #expect(try await client.json("POST", "/api/v1/jobs", ["upload": file]).status == 507)
    #expect(try await client("POST", "/api/v1/uploads", body: sound).status == 507)
    #expect(try await client("GET", "/api/v1/jobs/\(finished)").status == 200, "deleted, and of no use")
  }

  @Test func `paths lead nowhere else, and pages of other sites change nothing`() async throws {
    let server = try await ServerProcess.start(scratch.file("data"))
    let client = server.client
    for path in [
      "/../../etc/passwd", "/..%2f..%2fetc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/api/v1/jobs/..%2f..%2fx",
      "/api/v1/jobs/../../jobs.sqlite", "/api/v1/jobs/x/media/..%2f..%2f..%2fjobs.sqlite", "/jobs.sqlite",
      "//etc/passwd", "/openapi.json",
    ] {
      let reply = try await client("GET", path, isDocumented: false)
      #expect([400, 404].contains(reply.status), "\(path): \(reply.status)")
      #expect(!reply.text.contains("root:"))
    }
    let id = try await server.job(["prompt": "rain", "steps": 2])
    _ = try await server.outcome(id)
    let database = try await client("GET", "/api/v1/jobs/\(id)/media/..%2F..%2F..%2Fjobs.sqlite")
    #expect(database.status == 404)
    for headers in [
      ["Origin": "https://evil.example"], ["Origin": "null"], ["Sec-Fetch-Site": "cross-site"],
      ["Sec-Fetch-Site": "same-site"], ["Host": "evil.example"], ["Host": "evil.example:\(client.port)"],
    ] {
      let reply = try await client("DELETE", "/api/v1/jobs/\(id)", headers: headers)
      #expect(reply.status == 403, "\(headers)")
      #expect(reply.code == "wrong_origin" || reply.code == "wrong_host")
    }
    #expect(try await client("GET", "/api/v1/jobs", headers: ["Host": "evil.example"]).status == 403)
    let own = ["Origin": "http://127.0.0.1:\(client.port)", "Sec-Fetch-Site": "same-origin"]
    #expect(try await client("DELETE", "/api/v1/jobs/\(id)", headers: own).status == 204)
    let page = try await client("GET", "/", isDocumented: false)
    #expect(page.status == 200)
    #expect(page.headers["content-security-policy"]?.hasPrefix("default-src 'none'") == true)
    #expect(page.headers["x-content-type-options"] == "nosniff")
    let missing = try await client("GET", "/nothing", isDocumented: false)
    #expect(missing.code == "not_found")
    #expect(missing.headers["content-security-policy"] != nil)
  }

  @Test func `no way of writing an address leads past the token`() async throws {
    try Data("a-secret-of-some-length".utf8).write(to: scratch.file("token"))
    let server = try await ServerProcess.start(
      scratch.file("data"), ["--token-file", scratch.file("token").path, "--rate", "1000000"])
    let client = server.client
    for operation in Document.shared.operations.keys.sorted() {
      let parts = operation.split(separator: " ").map(String.init)
      let path = parts[1].replacing("{id}", with: "none").replacing("{name}", with: "clip.mp4")
      let last = try #require(path.lastIndex(of: "/"))
      for target in [
        "/" + path, "/x/" + path, path.replacing("/", with: "//"), "\(path[..<last])/\(path[last...])",
        path + "/", path + "//", "http://127.0.0.1/" + path,
      ] {
        let reply = try await client(parts[0], target, body: Data("{}".utf8), isDocumented: false)
        #expect([400, 401, 404].contains(reply.status), "\(parts[0]) \(target): \(reply.status)")
      }
    }
    for (path, status) in [
      ("/", 200), ("/index.html", 200), ("/js/main.js", 200), ("/healthz", 200), ("/nothing", 401),
      ("/js/nothing.js", 401),
    ] {
      #expect(try await client("GET", path, isDocumented: false).status == status, "\(path)")
    }
    let video = try await client("GET", "//v1/videos", isDocumented: false)
    #expect((try video.json()["error"] as? [String: Any])?["type"] as? String == "invalid_request_error")
  }

  @Test func `a token is asked for, and a cookie keeps it`() async throws {
    let token = "a-secret-of-some-length"
    try Data((token + "\n").utf8).write(to: scratch.file("token"))
    let server = try await ServerProcess.start(
      scratch.file("data"), ["--token-file", scratch.file("token").path, "--rate", "10"])
    let client = server.client
    #expect(try await client("GET", "/healthz").status == 200)
    for path in ["/api/v1/jobs", "/v1/videos", "/metrics", "/api/v1/events"] {
      let reply = try await client("GET", path)
      #expect(reply.status == 401, "\(path)")
      #expect(reply.headers["www-authenticate"] == "Bearer")
      let wrong = try await client("GET", path, headers: ["Authorization": "Bearer \(token)x"])
      #expect(wrong.status == 401)
    }
    #expect(
      try await client("GET", "/api/v1/jobs", headers: ["Authorization": "Bearer \(token)"]).status == 200)
    #expect(try await client.json("POST", "/api/v1/session", ["token": "guess"]).status == 401)
    let session = try await client.json("POST", "/api/v1/session", ["token": token])
    #expect(session.status == 204)
    let cookie = try #require(session.headers["set-cookie"])
    #expect(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"))
    let pair = String(cookie.prefix { $0 != ";" })
    #expect(try await client("GET", "/api/v1/jobs", headers: ["Cookie": pair]).status == 200)
    #expect(try await client("DELETE", "/api/v1/session", headers: ["Cookie": pair]).status == 204)
    var statuses: Set<Int> = []
    for _ in 0..<10 {
      statuses.insert(try await client.json("POST", "/api/v1/session", ["token": "guess"]).status)
    }
    #expect(statuses == [401, 429])
    let elsewhere = try? await ServerProcess.start(scratch.file("other"), ["--host", "0.0.0.0"])
    #expect(elsewhere == nil)
  }
}
