import Foundation
import GRDB
import Synchronization
import Testing
import WorkerProtocol

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

  @Test func `a job goes on from its last state, and its clip is the same byte for byte`() async throws {
    let request: [String: Any] = ["prompt": "a hammer strikes", "steps": 400, "seconds": 1, "seed": 3]
    func waitForState(_ id: String, after date: Date) async throws {
      let path = scratch.file("data/jobs/\(id)/\(JobFolder.state)").path
      while true {
        let attributes = try? FileManager.default.attributesOfItem(atPath: path)
        if let saved = attributes?[.modificationDate] as? Date, saved > date { return }
        try await Task.sleep(for: .milliseconds(10))
      }
    }
    let first = try await ServerProcess.start(scratch.file("data"))
    let cut = try await first.job(request)
    try await waitForState(cut, after: .distantPast)
    kill(try #require(first.workers.first), SIGKILL)
    _ = try await first.client.events("/api/v1/jobs/\(cut)/events") { _, job in
      (job["progress"] as? [String: Any])?["step"] as? Int ?? 0 > 0
    }
    try await waitForState(cut, after: .now)
    try await first.end(SIGKILL)

    let second = try await ServerProcess.start(scratch.file("data"))
    let begun = Mutex<Int?>(nil)
    _ = try await second.client.events("/api/v1/jobs/\(cut)/events") { _, job in
      guard let progress = job["progress"] as? [String: Any], progress["stage"] as? String == "denoising"
      else {
        return false
      }
      begun.withLock { $0 = progress["step"] as? Int }
      return true
    }
    let step = begun.withLock(\.self)
    #expect(step ?? 0 > 0)
    let job = try await second.outcome(cut)
    #expect(job["status"] as? String == "succeeded", "\(job)")
    #expect(job["attempts"] as? Int == 3)
    let whole = try await second.job(request)
    #expect(try await second.outcome(whole)["attempts"] as? Int == 1)
    for name in ["clip.mp4", "clip.wav", "sheet.png", "peaks.json"] {
      let clip = try await second.client("GET", "/api/v1/jobs/\(cut)/media/\(name)")
      #expect(clip.status == 200)
      #expect(try await second.client("GET", "/api/v1/jobs/\(whole)/media/\(name)").body == clip.body)
    }
    let files = try FileManager.default.contentsOfDirectory(atPath: scratch.file("data/jobs/\(cut)").path)
    #expect(files.count == 5, "\(files)")
  }

  @Test func `an end that the disk does not take is written later, and the next job is made`() async throws {
    let server = try await ServerProcess.start(scratch.file("data"))
    let first = try await server.job(["prompt": "a bell rings", "steps": 100, "seconds": 1])
    let next = try await server.job(["prompt": "a bell rings", "steps": 2])
    try await server.waitUntilRuns(first)
    let database = try DatabaseQueue(path: scratch.file("data/jobs.sqlite").path)
    // While this transaction is open, the server can write nothing.
    try await database.write { _ in
      let end = Date.now.addingTimeInterval(120)
      while !server.messages.contains("could not be changed"), Date.now < end {
        Thread.sleep(forTimeInterval: 0.05)
      }
    }
    #expect(server.messages.contains("could not be changed"))
    for id in [first, next] {
      #expect(try await server.outcome(id)["status"] as? String == "succeeded")
    }
  }

  @Test func `the end of a server counts against its job, unless it was told to, until it is tried again`()
    async throws
  {
    let first = try await ServerProcess.start(scratch.file("data"))
    let id = try await first.job(["prompt": "rain", "steps": 1000, "seconds": 10])
    func waitUntilRunning(_ server: ServerProcess) async throws {
      try await server.waitUntilRuns(id)
    }
    let database = try DatabaseQueue(path: scratch.file("data/jobs.sqlite").path)
    func interruptions() async throws -> Int? {
      try await database.read { try Int.fetchOne($0, sql: "SELECT interruptions FROM jobs") }
    }
    try await waitUntilRunning(first)
    try await first.end()
    let second = try await ServerProcess.start(scratch.file("data"))
    try await waitUntilRunning(second)
    #expect(try await interruptions() == 0)
    try await second.end(SIGKILL)
    let third = try await ServerProcess.start(scratch.file("data"))
    try await waitUntilRunning(third)
    #expect(try await interruptions() == 1)
    #expect(try await third.client("POST", "/api/v1/jobs/\(id)/cancel").status == 200)
    var retried = try await third.client("POST", "/api/v1/jobs/\(id)/retry")
    while retried.code == "still_stopping" {
      try await Task.sleep(for: .milliseconds(50))
      retried = try await third.client("POST", "/api/v1/jobs/\(id)/retry")
    }
    #expect(retried.status == 200)
    #expect(try await interruptions() == 0)
  }

  @Test(arguments: [20_261_124 as UInt64])
  func `killed at any moment under load, no job is lost or doubled`(seed: UInt64) async throws {
    var random = SeededGenerator(seed: seed)
    var ids: [String] = []
    for round in 0..<3 {
      let server = try await ServerProcess.start(scratch.file("data"))
      let client = server.client
      let load = (0..<12).map { index in
        Task {
          while !Task.isCancelled {
            if index < 8 {
              _ = try? await client.events("/api/v1/events") { _, _ in false }
            } else {
              _ = try? await client("GET", "/api/v1/jobs?limit=200")
            }
            try? await Task.sleep(for: .milliseconds(20))
          }
        }
      }
      for index in 0..<4 {
        ids.append(try await server.job(["prompt": "a bell rings", "steps": 6, "seed": 10 * round + index]))
      }
      try await Task.sleep(for: .milliseconds(.random(in: 0...900, using: &random)))
      if round % 2 == 1, let worker = server.workers.first { kill(worker, SIGKILL) }
      try await Task.sleep(for: .milliseconds(.random(in: 0...300, using: &random)))
      let workers = server.workers
      try await server.end(SIGKILL)
      for task in load { task.cancel() }
      // The workers notice that nobody listens.
      for worker in workers {
        while kill(worker, 0) == 0 { try await Task.sleep(for: .milliseconds(20)) }
      }
      let database = try DatabaseQueue(path: scratch.file("data/jobs.sqlite").path)
      let check = try await database.read { try String.fetchOne($0, sql: "PRAGMA integrity_check") }
      #expect(check == "ok")
      let known = try await database.read {
        try String.fetchAll($0, sql: "SELECT id FROM jobs ORDER BY number")
      }
      #expect(known == ids)
      for task in load { await task.value }
    }
    let server = try await ServerProcess.start(scratch.file("data"))
    for id in ids {
      let job = try await server.outcome(id)
      guard job["status"] as? String == "succeeded" else {
        #expect(job["status"] as? String == "failed" && job["error"] is [String: Any], "\(job)")
        continue
      }
      for url in try #require(job["media"] as? [String: String]).values {
        #expect(try await server.client("GET", url).body.isEmpty == false)
      }
    }
    let page = try await server.client("GET", "/api/v1/jobs?limit=200").json()
    let listed = try #require(page["jobs"] as? [[String: Any]]).compactMap { $0["id"] as? String }
    #expect(listed == ids.reversed())
    let folders = try FileManager.default.contentsOfDirectory(atPath: scratch.file("data/jobs").path)
    #expect(Set(folders) == Set(ids))
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
    var cases = [
      (["--model", "none"], "66", "none"), (["--host", "0.0.0.0"], "64", "--token-file"),
      (["--port", "99999"], "64", "--port"), (["--token-file", "/nowhere"], "66", "/nowhere"),
      (["--uniform", "/nowhere"], "69", "could not be started"), (["--workers", "0"], "64", "--workers"),
    ]
    for (signal, status, text) in [("SEGV", "70", "signal 11"), ("KILL", "75", "was killed")] {
      let worker = scratch.file(signal)
      try Data("#!/bin/sh\nkill -\(signal) $$\n".utf8).write(to: worker)
      try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: worker.path)
      cases.append((["--uniform", worker.path], status, text))
    }
    for (options, status, text) in cases {
      let error = await #expect(throws: ServerProcess.Failure.self) {
        try await ServerProcess.start(scratch.file("data"), options)
      }
      #expect(error?.reason.hasPrefix("status \(status):") == true, "\(error?.reason ?? "")")
      #expect(error?.reason.contains(text) == true, "\(error?.reason ?? "")")
    }
  }
}

/// The same numbers from the same seed (SplitMix64).
private struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var bits = state
    bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
    bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
    return bits ^ (bits >> 31)
  }
}
