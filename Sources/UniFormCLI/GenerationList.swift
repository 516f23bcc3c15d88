import Foundation
import Torch
import UniForm

extension Generation {
  /// Makes what a list names and does not exist yet. A bad line does not stop the others.
  /// - Throws: at the end, when there were bad lines; at once, when nothing further can work.
  func run(batch: BatchFile) async throws {
    let clock = ContinuousClock.now
    let fallbackSeed = sampling.seed
    var failures: [(line: Int, failure: CommandFailure)] = []
    var (made, skipped) = (0, 0)
    for row in batch.rows {
      do {
        let job = try GenerationJob(row.content.get(), seed: fallbackSeed)
        if FileManager.default.fileExists(atPath: job.output.url.path(percentEncoded: false)) {
          skipped += 1
          reporter.note("Skipped \(job.output.url.relativePath), which exists")
          reporter.event(ReportEvent("skipped", line: row.line, output: job.output.url.relativePath))
          continue
        }
        try await make(job, prepare(job))
        made += 1
      } catch {
        let failure = UniFormCommand.failure(error)
        guard failure.status != .interrupted && !failure.concernsModel(error) else { throw error }
        failures.append((row.line, failure))
      }
    }
    report(clips: made, skipped: skipped, failed: failures.count, since: clock)
    for (line, failure) in failures { reporter.fail(line: line, failure) }
    if let first = failures.first { throw QuietFailure(status: first.failure.status) }
  }
}

/// A failure that has already been reported in full.
struct QuietFailure: Error {
  let status: ExitStatus
}

extension CommandFailure {
  /// Every further job would fail in the same way.
  func concernsModel(_ error: any Error) -> Bool {
    error is ModelError || error is WeightError || error is ConfigurationError || error is TokenizerError
  }
}

extension GenerationJob {
  /// One line of a list.
  init(_ entry: BatchEntry, seed: UInt64?) throws {
    if entry.video != nil && entry.audio != nil {
      throw CommandFailure("it names both a video and an audio; leave one empty", .badData)
    }
    if entry.video == nil && entry.audio == nil && entry.prompt == nil {
      throw CommandFailure("it names neither a prompt nor a video nor an audio", .badData)
    }
    self.init(
      prompt: entry.prompt, negativePrompt: nil, video: entry.video.map { URL(filePath: $0) },
      audio: entry.audio.map { URL(filePath: $0) }, seed: entry.seed ?? seed ?? .randomSeed,
      output: try ClipOutput(entry.output), sheet: nil)
  }
}
