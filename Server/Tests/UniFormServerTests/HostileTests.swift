import Foundation
import GRDB
import Testing

/// Clients that are slow, many or malicious: each is refused or bounded, and the server lives.
@Suite(.serialized) struct HostileTests {
  let scratch: Scratch

  init() throws { scratch = try Scratch() }

  @Test func `slow uploads are ended`() async throws {
    let server = try await ServerProcess.start(scratch.file("data"), ["--upload-seconds", "1"])
    for type in ["application/octet-stream", "multipart/form-data; boundary=XX"] {
      let slow = try await server.client.drip(
        "/api/v1/uploads", headers: ["Content-Type": type], length: 1000)
      #expect(slow.status == 408)
      #expect(slow.code == "too_slow")
    }
    #expect(try await server.client("GET", "/healthz").status == 200)
    #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.file("data/uploads").path) == [])
  }

  @Test func `uploads that stall take a few places, and give them back`() async throws {
    let server = try await ServerProcess.start(
      scratch.file("data"), ["--max-uploads", "2", "--rate", "1000000"])
    let client = server.client
    let empty = { try await client("POST", "/api/v1/uploads") }
    #expect(try await empty().status == 422)
    var stalled = [try client.stalledUpload(), try client.stalledUpload()]
    var reply = try await empty()
    // They may not have arrived yet, or while another one had the place.
    while reply.status == 422 {
      stalled.append(try client.stalledUpload())
      reply = try await empty()
    }
    #expect(reply.status == 429)
    #expect(reply.code == "too_many_uploads")
    #expect(reply.headers["retry-after"] != nil)
    #expect(try await client("GET", "/healthz").status == 200)
    // Who hangs up leaves nothing behind.
    withExtendedLifetime(stalled) {}
    stalled = []
    while reply.status == 429 { reply = try await empty() }
    #expect(reply.status == 422)
    var files = ["?"]
    while !files.isEmpty {
      files = try FileManager.default.contentsOfDirectory(atPath: scratch.file("data/uploads").path)
    }
  }

  @Test func `ten thousand jobs wait, are listed, and outlive the server`() async throws {
    let options = ["--max-queue", "10001", "--rate", "1000000"]
    let first = try await ServerProcess.start(scratch.file("data"), options)
    let running = try await first.job(["prompt": "rain", "steps": 1000, "seconds": 10])
    let waiting = try await first.job(["prompt": "rain", "steps": 2])
    try await first.waitUntilRuns(running)
    try await first.end()
    // As if they had been asked for one by one, which would take minutes.
    let database = try DatabaseQueue(path: scratch.file("data/jobs.sqlite").path)
    try await database.write { db in
      let columns = try db.columns(in: "jobs").map(\.name).filter { $0 != "prompt" }
      let values = columns.map { name in
        switch name {
        case "number": "NULL"
        case "id": "'job_' || printf('%020d', n)"
        case "turn", "revision": "\(name) + n"
        default: name
        }
      }
      try db.execute(
        sql: """
          WITH RECURSIVE copies(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM copies WHERE n < 9999)
          INSERT INTO jobs (\(columns.joined(separator: ","))) SELECT \(values.joined(separator: ","))
          FROM copies JOIN jobs WHERE id = ?
          """, arguments: [waiting])
      try db.execute(sql: "UPDATE revisions SET latest = (SELECT MAX(revision) FROM jobs)")
    }
    let second = try await ServerProcess.start(scratch.file("data"), options)
    let client = second.client
    try await second.waitUntilRuns(running)
    let one = try await client.json("POST", "/api/v1/jobs", ["prompt": "rain"])
    #expect(try one.json()["position"] as? Int == 10_001)
    let refused = try await client.json("POST", "/api/v1/jobs", ["prompt": "rain"])
    #expect(refused.status == 429)
    #expect(refused.code == "queue_full")
    // Who comes back is told of all that changed, however much it is.
    let (newest, revision) = (try one.json()["id"] as? String, try one.json()["revision"] as? Int ?? 0)
    let told = try await client.events("/api/v1/events", headers: ["Last-Event-ID": "\(revision - 1200)"]) {
      _, job in job["id"] as? String == newest
    }
    #expect(told.count > 1000)
    var listed: [String] = []
    var cursor = ""
    repeat {
      let page = try await client("GET", "/api/v1/jobs?limit=200&status=queued\(cursor)").json()
      let jobs = try #require(page["jobs"] as? [[String: Any]])
      listed += jobs.compactMap { $0["id"] as? String }
      if listed.count == jobs.count { #expect(jobs[0]["position"] as? Int == 10_001) }
      cursor = (page["next"] as? String).map { "&cursor=\($0)" } ?? ""
    } while !cursor.isEmpty
    #expect(Set(listed).count == 10_001)
    #expect(listed.count == 10_001)
    let last = try #require(listed.first)
    #expect(
      try await client("POST", "/api/v1/jobs/\(waiting)/cancel").json()["status"] as? String == "cancelled")
    #expect(try await client("GET", "/api/v1/jobs/\(last)").json()["position"] as? Int == 10_000)
    #expect(try await client("GET", "/metrics").text.contains("uniform_queue_depth 10000"))
    try await second.end(SIGKILL)

    let third = try await ServerProcess.start(scratch.file("data"), options)
    let jobs = try await third.client("GET", "/api/v1/jobs?limit=1&status=queued").json()["jobs"]
    #expect((jobs as? [[String: Any]])?.first?["id"] as? String == last)
    #expect(try await third.end() == 0)
    let check = try await database.read { try String.fetchOne($0, sql: "PRAGMA integrity_check") }
    #expect(check == "ok")
  }

  @Test func `small files that claim or hold huge clips are bounded`() async throws {
    let server = try await ServerProcess.start(scratch.file("data"))
    let client = server.client
    let small = try await scratch.clip(
      "small.mp4", "-f", "lavfi", "-i", "testsrc=size=64x64:rate=10:duration=1", "-c:v", "mpeg4")
    let raw = try await scratch.clip(
      "small.avi", "-f", "lavfi", "-i", "testsrc=size=64x64:rate=10:duration=0.3", "-c:v", "rawvideo")
    // What the headers say, as large as can be: 25 days, and 65535 pixels a side, more than ffmpeg takes, or 16000.
    let long = small.replacing("mvhd", with: [0x7F, 0xFF, 0xFF, 0xFF], at: 16)
    // The stream itself says that it lasts four days.
    let tagged = try await scratch.clip(
      "small.mkv", "-f", "lavfi", "-i", "testsrc=size=64x64:rate=10:duration=1", "-c:v", "mpeg4")
    let endless = tagged.replacing("DURATION", with: Array("99".utf8), at: 3)
    let wide = raw.replacing("strf", with: [0xFF, 0xFF, 0, 0, 0xFF, 0xFF, 0, 0], at: 8)
    let large = raw.replacing("strf", with: [0x80, 0x3E, 0, 0, 0x80, 0x3E, 0, 0], at: 8)
    let silence = try await scratch.clip(
      "silence.flac", "-f", "lavfi", "-i", "anullsrc=r=1000:cl=mono", "-t", "10800")
    #expect(long != small && endless != tagged && wide != raw && silence.count < 1 << 20)
    // What a header says of the whole is not believed where its stream knows better.
    let kept = try await client("POST", "/api/v1/uploads?name=long", body: long)
    #expect(kept.status == 201, "\(kept.text)")
    #expect(try kept.json()["seconds"] as? Double == 1)
    for (name, data) in [("wide", wide), ("large", large), ("endless", endless), ("silence", silence)] {
      let reply = try await client("POST", "/api/v1/uploads?name=\(name)", body: data)
      #expect([415, 422].contains(reply.status), "\(name): \(reply.text)")
    }
    // A stream that begins small and goes on with pictures of 8192 × 4608 pixels.
    let options = ["-c:v", "libx264", "-preset", "ultrafast", "-f", "mpegts"]
    var bomb = Data()
    for size in ["64x64", "8192x4608"] {
      let path = scratch.file("\(size).ts").path
      let (status, output) = try await Scratch.run(
        "ffmpeg",
        ["-v", "error", "-y", "-f", "lavfi", "-i", "color=size=\(size):rate=10:duration=1"] + options + [path]
      )
      #expect(status == 0, "\(output)")
      bomb += try Data(contentsOf: URL(filePath: path))
    }
    let reply = try await client("POST", "/api/v1/uploads?name=bomb.ts", body: bomb)
    if reply.status == 201 {
      let id = try await server.job(["upload": try #require(try reply.json()["id"] as? String), "steps": 2])
      let job = try await server.outcome(id)
      #expect(job["status"] as? String == "succeeded" || job["error"] is [String: Any], "\(job)")
    } else {
      #expect([415, 422].contains(reply.status))
    }
    let next = try await server.job(["prompt": "a bell rings", "steps": 2])
    #expect(try await server.outcome(next)["status"] as? String == "succeeded")
    #expect(try await client("GET", "/metrics").text.contains("uniform_workers_ended_total 0"))
  }
}

extension Data {
  /// The same with other bytes, so far behind the first `tag`.
  fileprivate func replacing(_ tag: String, with bytes: [UInt8], at offset: Int) -> Data {
    var copy = self
    guard let place = range(of: Data(tag.utf8))?.upperBound else { return self }
    copy.replaceSubrange((place + offset)..<(place + offset + bytes.count), with: bytes)
    return copy
  }
}
