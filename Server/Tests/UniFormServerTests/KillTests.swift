import Foundation
import GRDB
import Testing

/// Whatever ends a worker or the server, no job is lost, and none is made twice.
@Suite(.serialized) struct KillTests {
  let scratch: Scratch

  init() throws { scratch = try Scratch() }

  @Test func `a killed worker fails its job with the reason, and the next one is made`() async throws {
    let server = try await ServerProcess.start(scratch.file("data"))
    let long = try await server.job(["prompt": "rain", "steps": 1000, "seconds": 10])
    let next = try await server.job(["prompt": "a bell rings", "steps": 2])
    _ = try await server.client.events("/api/v1/jobs/\(long)/events") { _, job in
      (job["progress"] as? [String: Any])?["stage"] as? String == "denoising"
    }
    let worker = try #require(server.workers.first)
    kill(worker, SIGABRT)
    let failed = try await server.outcome(long)
    #expect(failed["status"] as? String == "failed")
    let error = try #require(failed["error"] as? [String: Any])
    #expect(error["code"] as? String == "worker_crashed", "\(error)")
    #expect((error["message"] as? String)?.contains("signal 6") == true, "\(error)")
    #expect(try await server.outcome(next)["status"] as? String == "succeeded")
    #expect(server.workers.first != worker)
    kill(try #require(server.workers.first), SIGKILL)
    let last = try await server.job(["prompt": "a bell rings", "steps": 2])
    #expect(["succeeded", "failed"].contains(try await server.outcome(last)["status"] as? String))
    #expect(try await server.client("GET", "/metrics").text.contains("uniform_workers_ended_total 2"))
  }

  @Test func `a killed server goes on with all of its jobs`() async throws {
    var ids: [String] = []
    for round in 0..<3 {
      let server = try await ServerProcess.start(scratch.file("data"))
      for index in 0..<4 {
        ids.append(try await server.job(["prompt": "a bell rings", "steps": 10, "seed": 10 * round + index]))
      }
      try await Task.sleep(for: .milliseconds(.random(in: 0...700)))
      if round == 1, let worker = server.workers.first { kill(worker, SIGKILL) }
      let workers = server.workers
      try await server.end(SIGKILL)
      // The workers notice that nobody listens.
      for worker in workers {
        while kill(worker, 0) == 0 { try await Task.sleep(for: .milliseconds(20)) }
      }
      let database = try DatabaseQueue(path: scratch.file("data/jobs.sqlite").path)
      let check = try await database.read { try String.fetchOne($0, sql: "PRAGMA integrity_check") }
      #expect(check == "ok")
    }
    let server = try await ServerProcess.start(scratch.file("data"))
    for id in ids {
      let job = try await server.outcome(id)
      #expect(job["status"] as? String == "succeeded" || (job["error"] as? [String: Any]) != nil, "\(job)")
    }
    let page = try await server.client("GET", "/api/v1/jobs?limit=200").json()
    let listed = try #require(page["jobs"] as? [[String: Any]]).compactMap { $0["id"] as? String }
    #expect(listed == ids.reversed())
    #expect(try await server.end() == 0)
  }

  @Test func `old clips make room for new ones, but not those that are pinned`() async throws {
    let server = try await ServerProcess.start(scratch.file("data"), ["--quota", "1500KB"])
    let first = try await server.job(["prompt": "rain", "steps": 2])
    _ = try await server.outcome(first)
    #expect(try await server.client.json("PATCH", "/api/v1/jobs/\(first)", ["pinned": true]).status == 200)
    var made: [String] = []
    for seed in 0..<6 {
      let reply = try await server.client.json(
        "POST", "/api/v1/jobs", ["prompt": "rain", "steps": 2, "seed": seed])
      guard reply.status == 201 else {
        #expect(reply.status == 507)
        break
      }
      let id = try #require(try reply.json()["id"] as? String)
      made.append(id)
      _ = try await server.client.events("/api/v1/jobs/\(id)/events") { name, job in
        name == "deleted" || job["status"] as? String == "succeeded"
      }
    }
    #expect(try await server.client("GET", "/api/v1/jobs/\(first)").status == 200)
    #expect(try await server.client("GET", "/api/v1/jobs/\(made[0])").status == 404)
  }

  @Test func `a server that cannot start says why`() async throws {
    for (options, status, text) in [
      (["--model", "none"], "66", "none"), (["--host", "0.0.0.0"], "64", "--token-file"),
      (["--port", "99999"], "64", "--port"), (["--token-file", "/nowhere"], "66", "/nowhere"),
      (["--uniform", "/nowhere"], "69", "could not be started"), (["--workers", "0"], "64", "--workers"),
    ] {
      let error = await #expect(throws: ServerProcess.Failure.self) {
        try await ServerProcess.start(scratch.file("data"), options)
      }
      #expect(error?.reason.hasPrefix("status \(status):") == true, "\(error?.reason ?? "")")
      #expect(error?.reason.contains(text) == true, "\(error?.reason ?? "")")
    }
  }
}
