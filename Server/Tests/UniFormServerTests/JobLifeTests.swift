import Foundation
import Testing

/// Jobs over HTTP, from their creation to their end.
@Suite(.serialized) struct JobLifeTests {
  let scratch: Scratch

  init() throws { scratch = try Scratch() }

  @Test func `a clip is made, watched, played, varied, kept and deleted`() async throws {
    let server = try await ServerProcess.start(scratch.file("data"))
    let client = server.client
    let model = try await client("GET", "/api/v1/model").json()
    #expect(model["model"] as? String == "uniform-tiny")
    #expect((model["examples"] as? [Any])?.count == 17)
    #expect(try await client("GET", "/healthz").json()["status"] as? String == "ok")
    let plan = try await client.json("POST", "/api/v1/plan", ["prompt": "a bell rings"]).json()
    #expect(try #require(plan["seconds"] as? Double) > 0)

    let id = try await server.job(["prompt": "a bell rings", "steps": 4, "seed": 7])
    let job = try await server.outcome(id)
    #expect(job["status"] as? String == "succeeded", "\(job)")
    #expect((job["settings"] as? [String: Any])?["seed"] as? Int == 7)
    let media = try #require(job["media"] as? [String: String])
    #expect(Set(media.keys) == ["clip", "sound", "sheet", "poster", "peaks"])
    for url in media.values { #expect(try await client("GET", url).body.isEmpty == false) }

    let clip = try #require(media["clip"])
    let whole = try await client("GET", clip)
    #expect(whole.headers["content-type"] == "video/mp4")
    let tag = try #require(whole.headers["etag"])
    let part = try await client("GET", clip, headers: ["Range": "bytes=10-19"])
    #expect(part.status == 206)
    #expect(part.headers["content-range"] == "bytes 10-19/\(whole.body.count)")
    #expect(part.body == whole.body[10..<20])
    #expect(try await client("GET", clip, headers: ["Range": "bytes=\(whole.body.count)-"]).status == 416)
    #expect(try await client("GET", clip, headers: ["If-None-Match": tag]).status == 304)
    #expect(
      try await client("GET", clip, headers: ["Range": "bytes=0-1", "If-Range": "\"old\""]).status == 200)
    let head = try await client("HEAD", clip)
    #expect(head.headers["content-length"] == "\(whole.body.count)")
    #expect(try await client("GET", clip + "?download").headers["content-disposition"]?.contains(id) == true)

    let alone = try await server.job(["prompt": "a bell rings", "steps": 2, "only": "audio"])
    let sound = try await server.outcome(alone)
    #expect(sound["task"] as? String == "t2a")
    #expect(Set(try #require(sound["media"] as? [String: String]).keys) == ["clip", "sound", "peaks"])
    #expect(try await client("DELETE", "/api/v1/jobs/\(alone)").status == 204)

    let varied = try await client.json("POST", "/api/v1/jobs/\(id)/vary", ["seed": 8])
    #expect(varied.status == 201)
    let child = try #require(try varied.json()["id"] as? String)
    #expect(try varied.json()["parent"] as? String == id)
    _ = try await server.outcome(child)
    #expect(try await client.json("PATCH", "/api/v1/jobs/\(child)", ["pinned": true]).status == 200)
    func list(_ query: String) async throws -> [String] {
      let page = try await client("GET", "/api/v1/jobs?\(query)").json()
      return try #require(page["jobs"] as? [[String: Any]]).compactMap { $0["id"] as? String }
    }
    #expect(try await list("") == [child, id])
    #expect(try await list("pinned=true") == [child])
    #expect(try await list("search=BELL&status=succeeded&task=t2av") == [child, id])
    #expect(try await list("search=%25") == [])
    let first = try await client("GET", "/api/v1/jobs?limit=1").json()
    let next = try #require(first["next"] as? String)
    #expect(try await list("limit=1&cursor=\(next)") == [id])
    #expect(try await client("GET", "/api/v1/jobs?limit=0").status == 422)

    #expect(try await client("POST", "/api/v1/jobs/\(id)/cancel").status == 409)
    #expect(try await client("POST", "/api/v1/jobs/\(id)/retry").status == 409)
    #expect(try await client("DELETE", "/api/v1/jobs/\(id)").status == 204)
    #expect(try await client("GET", "/api/v1/jobs/\(id)").status == 404)
    #expect(try await client("GET", clip).status == 404)
    #expect(try FileManager.default.contentsOfDirectory(atPath: scratch.file("data/jobs").path) == [child])
    let metrics = try await client("GET", "/metrics").text
    #expect(metrics.contains("uniform_jobs_finished_total{status=\"succeeded\"} 3"), "\(metrics)")
    #expect(try await server.end() == 0)
  }

  @Test func `a running job stops, waits for nobody, and can be tried again`() async throws {
    let server = try await ServerProcess.start(scratch.file("data"), ["--max-queue", "2"])
    let client = server.client
    let endless: [String: Any] = ["prompt": "rain", "steps": 1000, "seconds": 10]
    let (long, waits) = (try await server.job(endless), try await server.job(endless))
    let events = try await client.events("/api/v1/events") { _, job in
      job["id"] as? String == long && (job["progress"] as? [String: Any])?["step"] as? Int ?? 0 > 0
    }
    #expect(events.contains { $0.contains(waits) && $0.contains("\"position\":1") })
    let last = try await server.job(endless)
    let refused = try await client.json("POST", "/api/v1/jobs", endless)
    #expect(refused.status == 429)
    #expect(refused.code == "queue_full")
    #expect(
      try await client("POST", "/api/v1/jobs/\(waits)/cancel").json()["status"] as? String == "cancelled")
    #expect(
      try await client("POST", "/api/v1/jobs/\(long)/cancel").json()["status"] as? String == "cancelled")
    try await server.waitUntilRuns(last)
    #expect(try await client("DELETE", "/api/v1/jobs/\(last)").status == 204)
    let retried = try await client("POST", "/api/v1/jobs/\(waits)/retry")
    #expect(retried.status == 200, "\(retried.text)")
    // A graceful end puts what runs back into the queue; it runs again after the next start.
    try await server.waitUntilRuns(waits)
    #expect(try await server.end() == 0)
    let again = try await ServerProcess.start(scratch.file("data"))
    _ = try await again.client.events("/api/v1/jobs/\(waits)/events") { _, job in job["attempts"] as? Int == 2
    }
    await #expect(throws: ServerProcess.Failure.self) { try await ServerProcess.start(scratch.file("data")) }
  }

  @Test func `a job that is tried again waits like a new one`() async throws {
    let server = try await ServerProcess.start(scratch.file("data"), ["--max-queue", "1"])
    let client = server.client
    let endless: [String: Any] = ["prompt": "rain", "steps": 1000, "seconds": 10]
    let long = try await server.job(endless)
    try await server.waitUntilRuns(long)
    let cancelled = try await server.job(endless)
    #expect(try await client("POST", "/api/v1/jobs/\(cancelled)/cancel").status == 200)
    let waits = try await server.job(endless)
    let refused = try await client("POST", "/api/v1/jobs/\(cancelled)/retry")
    #expect(refused.status == 429)
    #expect(refused.code == "queue_full")
    #expect(try await client("DELETE", "/api/v1/jobs/\(waits)").status == 204)
    #expect(try await client("POST", "/api/v1/jobs/\(cancelled)/retry").status == 200)
  }

  @Test func `who comes back learns of every job that was created or deleted meanwhile`() async throws {
    let server = try await ServerProcess.start(scratch.file("data"))
    let client = server.client
    let endless: [String: Any] = ["prompt": "rain", "steps": 1000, "seconds": 10]
    let long = try await server.job(endless)
    try await server.waitUntilRuns(long)
    let waits = try await server.job(endless)
    let last = try #require(try await client("GET", "/api/v1/jobs/\(waits)").json()["revision"] as? Int)
    #expect(try await client("DELETE", "/api/v1/jobs/\(waits)").status == 204)
    let next = try await server.job(endless)
    let seen = try await client.events("/api/v1/events", headers: ["Last-Event-ID": "\(last)"]) { _, job in
      job["id"] as? String == next
    }
    #expect(seen.last?.contains(next) == true, "\(seen)")
    #expect(seen.contains { $0.contains(waits) }, "\(seen)")
  }

  @Test func `a search finds words in any case, and a plus is a space`() async throws {
    let server = try await ServerProcess.start(scratch.file("data"))
    let id = try await server.job(["prompt": "Ärger and heavy rain, 1+1", "steps": 2])
    for (text, isFound) in [
      ("%C3%A4rger", true), ("%C3%84RGER", true), ("heavy+rain", true), ("heavy%20rain", true),
      ("1%2B1", true), ("1+1", false), ("heavy%2Brain", false),
    ] {
      let page = try await server.client("GET", "/api/v1/jobs?search=\(text)").json()
      let found = try #require(page["jobs"] as? [[String: Any]]).compactMap { $0["id"] as? String }
      #expect(found == (isFound ? [id] : []), "\(text)")
    }
  }

  @Test func `what is wrong with a request is said, with its field`() async throws {
    let server = try await ServerProcess.start(scratch.file("data"))
    for (fields, field): ([String: Any], String) in [
      ([:], "prompt"), (["prompt": 3], "prompt"), (["prompt": "x", "steps": 0], "steps"),
      (["prompt": "x", "steps": 1.5], "steps"), (["prompt": "x", "seconds": 11], "seconds"),
      (["prompt": "x", "seed": -1], "seed"), (["prompt": "x", "sampler": "ddim"], "sampler"),
      (["prompt": "x", "size": "huge"], "size"), (["prompt": "x", "size": "65x64"], "size"),
      (["prompt": "x", "size": "64x72.5"], "size"), (["prompt": "x", "aspect": "9:1"], "aspect"),
      (["prompt": "x", "only": "smell"], "only"), (["prompt": "x\u{7}"], "prompt"),
      (["prompt": "x", "condition_guidance": 2], "condition_guidance"),
      (["prompt": "x", "negative_condition": "still"], "negative_condition"),
      (["prompt": "x", "size": "64x9999"], "size"),
      (["prompt": "x", "aspect": "input"], "aspect"), (["prompt": "x", "start": 1], "start"),
      (["prompt": "x", "upload": "upload_none"], "upload"), (["prompt": "x", "colour": 1], "colour"),
      (["prompt": "", "negative_prompt": "y"], "negative_prompt"), (["prompt": "x", "fit": "fill"], "fit"),
      (["prompt": String(repeating: "x", count: 10_001)], "prompt"),
    ] {
      for target in ["/api/v1/jobs", "/api/v1/plan"] {
        let reply = try await server.client.json("POST", target, fields)
        #expect(reply.status == 422, "\(reply.text)")
        #expect((try reply.json()["error"] as? [String: Any])?["field"] as? String == field, "\(reply.text)")
      }
    }
    let client = server.client
    let type = ["Content-Type": "application/json"]
    #expect(try await client("POST", "/api/v1/jobs", headers: type, body: Data("{".utf8)).status == 400)
    #expect(try await client("POST", "/api/v1/jobs", headers: type, body: Data("[1]".utf8)).status == 400)
    #expect(try await client("POST", "/api/v1/jobs", headers: ["Content-Type": "text/plain"]).status == 415)
    let large = Data("{\"prompt\":\"\(String(repeating: "x", count: 200_000))\"}".utf8)
    #expect(try await client("POST", "/api/v1/jobs", headers: type, body: large).status == 413)
    // What only a worker finds.
    let silent = try await scratch.clip(
      "silent.wav", "-f", "lavfi", "-i", "anullsrc=r=16000:cl=mono", "-t", "2")
    let upload = try await client("POST", "/api/v1/uploads", body: silent)
    let id = try await server.job(["upload": try #require(try upload.json()["id"] as? String)])
    let job = try await server.outcome(id)
    #expect(job["status"] as? String == "failed")
    let error = try #require(job["error"] as? [String: Any])
    #expect(error["code"] as? String == "unusable_input" && error["field"] as? String == "upload", "\(job)")
  }
}
