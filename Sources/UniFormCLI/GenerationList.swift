import Foundation
import Torch
import UniForm
import UniFormTraining

extension Generation {
  /// Makes what a list names and does not exist yet. A bad line does not stop the others. Of several processes each
  /// takes its share of the lines.
  /// - Throws: at the end, when there were bad lines; at once, when nothing further can work.
  func run(batch: BatchFile) async throws {
    let clock = ContinuousClock.now
    let fallbackSeed = sampling.seed
    let share = try WorkShare()
    var tally = Tally()
    var waiting: [PreparedClip] = []
    var skipped = 0
    var lines: [String: Int] = [:]
    for (position, row) in batch.rows.enumerated() {
      do {
        let job = try GenerationJob(
          row.content.get(), seed: fallbackSeed, negativePrompt: content.negativePrompt, only: content.only,
          size: try content.size.picture, options: content.clipOptions(sampling))
        if let line = lines[job.output.url.canonicalPath] {
          throw CommandFailure("line \(line) names the same output; rename one", .badData)
        }
        lines[job.output.url.canonicalPath] = row.line
        guard share.owns(position) else { continue }
        let missing = missingClips(of: job, line: row.line)
        skipped += sampling.count - missing.count
        guard let first = missing.first else { continue }
        var prepared = try await prepare(job)
        (prepared.firstIndex, prepared.line) = (first, row.line)
        waiting += missing.map { (prepared, $0) }
      } catch {
        if share.owns(position) { try tally.note(error, line: row.line) }
      }
      guard keepsLoaded || waiting.count >= Self.clipsAtOnce else { continue }
      try await make(waiting, &tally)
      waiting = []
    }
    try await make(waiting, &tally)
    for (line, failure) in tally.failures.sorted(by: { $0.line < $1.line }) {
      reporter.fail(line: line, failure)
    }
    report(clips: tally.made, skipped: skipped, failed: tally.failures.count, since: clock)
    if let first = tally.failures.first { throw QuietFailure(status: first.failure.status) }
  }

  /// What became of the lines so far.
  private struct Tally {
    var made = 0
    var failures: [(line: Int, failure: CommandFailure)] = []

    /// - Throws: what no further line can work after.
    mutating func note(_ error: any Error, line: Int) throws {
      let failure = UniFormCommand.failure(error)
      guard failure.status != .interrupted && !failure.concernsModel(error) else { throw error }
      failures.append((line, failure))
    }
  }

  /// Makes clips of several lines. Where something goes wrong, the lines that are not finished are tried one by one, so
  /// that only those fail that have to.
  private func make(_ clips: [PreparedClip], _ tally: inout Tally) async throws {
    var made: Set<Int> = []
    defer { tally.made += made.count }
    do {
      try await make(clips, made: &made)
    } catch {
      let rest = clips.indices.filter { !made.contains($0) }.map { clips[$0] }
      let lines = Set(rest.map(\.prepared.line)).sorted()
      guard lines.count > 1, !UniFormCommand.failure(error).concernsModel(error), !Task.isCancelled else {
        return try tally.note(error, line: lines.first ?? 0)
      }
      for line in lines { try await make(rest.filter { $0.prepared.line == line }, &tally) }
    }
  }

  /// The indices of the clips that do not exist yet; tells of the others.
  private func missingClips(of job: GenerationJob, line: Int) -> [Int] {
    (0..<sampling.count).filter { index in
      let url = job.output.url.numbered(index, of: sampling.count)
      guard FileManager.default.fileExists(atPath: url.path(percentEncoded: false)) else { return true }
      reporter.note("Skipped \(url.relativePath), which exists")
      reporter.event(ReportEvent("skipped", line: line, output: url.relativePath))
      return false
    }
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
  /// One line of a list; the negative prompt holds where there is a prompt, what alone is wanted where there is nothing
  /// else, the size where the line has none.
  init(
    _ entry: BatchEntry, seed: UInt64?, negativePrompt: String?, only: Modality?, size: PictureSize,
    options: ClipOptions
  ) throws {
    if entry.video != nil && entry.audio != nil {
      throw CommandFailure("it names both a video and an audio; leave one empty", .badData)
    }
    if entry.video == nil && entry.audio == nil && entry.prompt == nil {
      throw CommandFailure("it names neither a prompt nor a video nor an audio", .badData)
    }
    if entry.size == .input && entry.video == nil {
      throw CommandFailure("its aspect is that of the input, but it names no video", .badData)
    }
    self.init(
      prompt: entry.prompt, negativePrompt: entry.prompt == nil ? nil : negativePrompt,
      video: entry.video.map { URL(filePath: $0) },
      audio: entry.audio.map { URL(filePath: $0) },
      only: entry.video == nil && entry.audio == nil ? only : nil,
      size: entry.size == .trained ? size : entry.size,
      seed: entry.seed ?? seed ?? .randomSeed, options: options,
      output: try ClipOutput(entry.output), sheet: nil)
  }
}
