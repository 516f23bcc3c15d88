import Foundation
import GRDB
import Testing
import WorkerProtocol

@testable import UniFormServer

/// The list of jobs on disk.
@Suite struct StoreTests {
  let scratch: Scratch

  init() throws { scratch = try Scratch() }

  @Test func `a job that was interrupted five times has failed, however often it was begun`() throws {
    let store = try JobStore(scratch.file("jobs.sqlite"))
    let id = try store.insert(Job(ClipRequest(prompt: "rain", seed: 1))).id
    func begin() throws {
      try store.update(id) { job in
        job.status = .running
        job.attempts += 1
      }
    }
    for _ in 0..<10 {
      try begin()
      try store.update(id) { $0.requeue() }
    }
    for _ in 0..<4 {
      try begin()
      _ = try store.recover(most: 5)
      #expect(try store.job(id)?.status == .queued)
    }
    try begin()
    _ = try store.recover(most: 5)
    #expect(try store.job(id)?.error?.code == "interrupted")
  }

  @Test func `a list of jobs from before is used, and no revision is given twice`() throws {
    let file = scratch.file("jobs.sqlite")
    let request = ClipRequest(prompt: "rain", seed: 1)
    let old = try JobStore(file).insert(Job(request)).id
    try DatabaseQueue(path: file.path).write { db in
      try db.execute(
        sql: """
          UPDATE jobs SET revision = 41;
          DROP TABLE revisions;
          DROP TABLE deletions;
          ALTER TABLE jobs DROP COLUMN interruptions;
          DELETE FROM grdb_migrations WHERE identifier <> 'jobs and uploads';
          """)
    }
    let store = try JobStore(file)
    #expect(try store.job(old)?.interruptions == 0)
    let gone = try store.insert(Job(request))
    #expect(gone.revision == 42)
    try store.delete(gone.id)
    let last = try store.insert(Job(request))
    #expect(last.revision > 42)
    #expect(try store.changes(after: 42, onlyActive: false, limit: 10).map(\.id) == [last.id])
    #expect(try store.deletions(after: 42) == [gone.id])
  }
}
