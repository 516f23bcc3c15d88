import Foundation
import Media
import UniForm
import UniFormEvaluation
import UniFormTraining

/// Scores folders and writes what came out.
struct EvaluationRun {
  let scoring: ScoringOptions
  let reporter: Reporter
  private var evaluation: ClipEvaluation
  private let share: WorkShare
  private let start = ContinuousClock.now

  init(_ scoring: ScoringOptions, threads: Int, reporter: Reporter) async throws {
    self.scoring = scoring
    self.reporter = reporter
    share = try WorkShare()
    var places = MetricCatalog.Places()
    places.judges = ModelLocation.judges
    places.flowSize = scoring.flowSize
    places.weights = scoring.weights.map { URL(filePath: $0, directoryHint: .isDirectory) }
    if let weights = scoring.weights, !FileManager.default.fileExists(atPath: weights) {
      throw CommandFailure("the folder of weights '\(weights)' does not exist; check --weights", .noInput)
    }
    let all = try await MetricCatalog(places)
    let catalog = scoring.families.isEmpty ? all.available : try all.choosing(scoring.families)
    var extraction = FeatureExtraction(cache: try FeatureCache(scoring.cacheFolder), threads: threads)
    extraction.seconds = scoring.seconds
    var evaluation = ClipEvaluation(catalog: catalog, extraction: extraction)
    evaluation.allowsRankDeficiency = scoring.allowRankDeficient
    self.evaluation = evaluation
    // What would fail after hours of work shall fail now.
    if let output = scoring.output { try Self.checkWritable(URL(filePath: output)) }
    let absent = scoring.families.isEmpty ? [] : catalog.unavailable.map(\.score)
    if let first = absent.first, catalog.metrics.isEmpty {
      throw CommandFailure("\(first.name) cannot be computed: \(first.reason)", .unavailable)
    }
    let reasons = share.rank == 0 ? Dictionary(grouping: absent, by: \.reason) : [:]
    for (reason, scores) in reasons.sorted(by: { $0.key < $1.key }) {
      reporter.warn("\(scores.map(\.name).joined(separator: ", ")) will not be computed: \(reason)")
    }
  }

  /// Two folders, or one.
  func score(_ folders: EvaluationFolders) async throws {
    let generated = try ClipFolder(URL(filePath: folders.generated ?? ""), limit: scoring.limit)
    let reference = try folders.reference.map { limited(try ClipFolder(URL(filePath: $0)), to: generated) }
    let sides = [generated] + (reference.map { [$0] } ?? [])
    let captions = try CaptionList.captions(folders.captions, of: sides)
    let title =
      generated.url.lastPathComponent + (reference.map { " against " + $0.url.lastPathComponent } ?? "")
    if share.count > 1 {
      let team = team(["folders"] + sides.flatMap { [$0.url.canonicalPath] + $0.clips.map(\.name) })
      team.begin()
      try evaluation.checkPairs(generated: generated, reference: reference)
      for side in sides {
        try await extract(title, side.keeping { index, _ in share.owns(index) }, captions)
      }
      guard try leads(team) else { return }
    }
    let report = try await score(title, generated, reference, captions)
    try await finish([report], clips: [title: generated], output: scoring.output.map { URL(filePath: $0) })
  }

  /// The references that a limit leaves: the partners of the generated clips, so that pairs stay pairs.
  private func limited(_ reference: ClipFolder, to generated: ClipFolder) -> ClipFolder {
    guard let limit = scoring.limit else { return reference }
    let names = Set(generated.clips.map(\.name))
    let partners = reference.keeping { names.contains($1.name) }
    return partners.clips.isEmpty ? reference.keeping { index, _ in index < limit } : partners
  }

  /// Every variant of a suite against its references.
  func score(_ suite: SuiteRun) async throws {
    let output = scoring.output.map { URL(filePath: $0) } ?? suite.folder.appending(path: "report.json")
    // In a folder that is still to be made nothing is in the way.
    if scoring.output == nil && FileManager.default.fileExists(atPath: suite.folder.path) {
      try Self.checkWritable(output)
    }
    var run = self
    if scoring.seconds == nil { run.evaluation.extraction.seconds = suite.seconds }
    if share.count > 1 {
      let settings = suite.variants.flatMap { suite.settings(of: $0).sorted { $0.key < $1.key } }
      let team = team(
        [suite.folder.canonicalPath, "\(scoring.limit ?? 0)"] + settings.map { "\($0.key)=\($0.value)" })
      team.begin()
      let own = try await suite.prepare(share)
      if !own.reference.clips.isEmpty {
        let names = Set(own.reference.clips.map(\.name))
        for folder in try suite.variants.map({ try ClipFolder(suite.folder(of: $0)) }) + [own.reference] {
          try await run.extract(suite.title, folder.keeping { names.contains($1.name) }, own.captions)
        }
      }
      guard try leads(team) else { return }
    }
    let prepared = try await suite.prepare()
    for failure in prepared.skipped { reporter.warn("skipped \(failure.clip): \(failure.reason)") }
    if prepared.reference.clips.isEmpty, let first = prepared.skipped.first {
      throw EvaluationSetupError.noReadableClip(prepared.reference.url.relativePath, reason: first.reason)
    }
    let names = Set(prepared.reference.clips.map(\.name))
    var reports: [EvaluationReport] = []
    var clips: [String: ClipFolder] = [:]
    for variant in suite.variants {
      let folder = try ClipFolder(suite.folder(of: variant)).keeping { names.contains($1.name) }
      let title = suite.title(of: variant)
      var report = try await run.score(title, folder, prepared.reference, prepared.captions)
      report.settings = suite.settings(of: variant)
      report.leaveOut(prepared.skipped)
      if variant == .codecs { report.scores += try suite.codecScores(of: folder) }
      reports.append(report)
      clips[title] = folder
    }
    if let index = suite.variants.firstIndex(of: .codecs) {
      for other in reports.indices where other != index { reports[other].setCeilings(from: reports[index]) }
    }
    let tables = suite.tables.map { table, variants in
      (
        table: table,
        rows: variants.compactMap { variant in reports.first { $0.title == suite.title(of: variant) } }
      )
    }.filter { !$0.rows.isEmpty }
    try await finish(
      reports, clips: clips, output: output, tables: tables, isSameData: suite.kind.isOfThePaper)
  }

  // MARK: Several processes

  private func team(_ work: [String]) -> EvaluationTeam {
    EvaluationTeam(
      share, cache: scoring.cacheFolder,
      work: work + [
        scoring.metrics, scoring.output.map { URL(filePath: $0).canonicalPath } ?? "",
        "\(scoring.seconds ?? 0)",
        "\(scoring.flowSize ?? 0)", scoring.weights ?? "",
      ])
  }

  /// Whether this process is the one that writes the report; says so where it is not.
  private func leads(_ team: EvaluationTeam) throws -> Bool {
    if try team.finishesLast() { return true }
    reporter.note(
      "Worker \(share.rank) of \(share.count) is done; whichever finishes last writes the report")
    reporter.event(ReportEvent("done", seconds: seconds))
    return false
  }

  /// Puts the features of one process's clips into the cache. What is wrong with a clip is for the report to say.
  private func extract(_ title: String, _ clips: ClipFolder, _ captions: [String: String]) async throws {
    let reporter = reporter
    _ = try await evaluation.extraction.run(
      clips.clips, evaluation.catalog.extractors, captions: captions
    ) { reporter.progress("\(title): clips of this worker", completed: $0, total: $1, unit: "clips") }
    reporter.endProgress()
  }

  private var seconds: Double { ((ContinuousClock.now - start) / .seconds(1)).rounded(to: 1) }

  // MARK: Scores and reports

  private func score(
    _ title: String, _ generated: ClipFolder, _ reference: ClipFolder?, _ captions: [String: String]
  ) async throws -> EvaluationReport {
    let reporter = reporter
    let report = try await evaluation.run(
      title: title, generated: generated, reference: reference, captions: captions
    ) { stage, done, all in
      reporter.progress(
        "\(title): \(stage.rawValue)", completed: done, total: all,
        unit: stage == .scores ? "scores" : "clips")
    }
    reporter.endProgress()
    for failure in report.skippedGenerated + report.skippedReference {
      reporter.warn(
        "skipped \(failure.clip)" + (failure.extractor.map { " for \($0)" } ?? "") + ": \(failure.reason)")
    }
    return report
  }

  private func finish(
    _ reports: [EvaluationReport], clips: [String: ClipFolder], output: URL?,
    tables: [(table: PublishedTable, rows: [EvaluationReport])] = [], isSameData: Bool = false
  ) async throws {
    let markdown = MarkdownReport(reports, tables: tables, isSameData: isSameData)
    reporter.note(markdown.text)
    if let output {
      try await write(reports, markdown, clips: clips, output: output)
    }
    for report in reports { reporter.event(ReportEvent("report", report: report)) }
    reporter.event(ReportEvent("done", output: output?.relativePath, seconds: seconds))
    if reports.contains(where: \.skippedAny) { throw QuietFailure(status: .badData) }
    let named = Set(scoring.families)
    if let absent = evaluation.catalog.unavailable.first(where: { named.contains($0.family) }) {
      throw CommandFailure("\(absent.score.name) was not computed: \(absent.score.reason)", .unavailable)
    }
  }

  private static func checkWritable(_ output: URL) throws {
    for file in [output, output.sibling("md"), output.sibling("html")] { try PNGWriter.checkWritable(file) }
  }

  private func write(
    _ reports: [EvaluationReport], _ markdown: MarkdownReport, clips: [String: ClipFolder], output: URL
  ) async throws {
    let json: Data
    if reports.count == 1 {
      json = try reports[0].json()
    } else {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
      json = try encoder.encode(ReportList(reports: reports))
    }
    // The scores first: whatever comes of the pictures, they are there.
    try write(json, to: output)
    try write(Data(markdown.text.utf8), to: output.sibling("md"))
    let exhibits = try await draw(reports, clips)
    try write(Data(HTMLReport(markdown, exhibits: exhibits).text.utf8), to: output.sibling("html"))
    reporter.note("Wrote \(output.relativePath), and beside it .md and .html")
  }

  private func draw(
    _ reports: [EvaluationReport], _ clips: [String: ClipFolder]
  ) async throws -> [String: [HTMLReport.Exhibit]] {
    reporter.progress("drawing clips", completed: 0, total: 1)
    let scratch = FileManager.default.temporaryDirectory.appending(
      path: "uniform-sheets-\(UUID().uuidString)")
    // Without it there are no sheets.
    try? FileManager.default.createDirectory(at: scratch, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: scratch) }
    var exhibits: [String: [HTMLReport.Exhibit]] = [:]
    for report in reports {
      guard let folder = clips[report.title] else { continue }
      exhibits[report.title] = try await ClipExhibits().draw(report, of: folder, in: scratch)
    }
    reporter.endProgress()
    return exhibits
  }

  private func write(_ data: Data, to file: URL) throws {
    do {
      try data.write(to: file, options: .atomic)
    } catch {
      throw (error as? CocoaError)?.code == .fileWriteOutOfSpace
        ? MediaError.diskFull(file) : MediaError.writeFailed(file, error.localizedDescription)
    }
  }
}

extension URL {
  /// The file of the same name with another ending.
  fileprivate func sibling(_ ending: String) -> URL {
    deletingPathExtension().appendingPathExtension(ending)
  }
}

/// Several reports in one file.
private struct ReportList: Encodable {
  var schema = "uniform-evaluation-list/1"
  let reports: [EvaluationReport]
}

extension ModelLocation {
  /// Where the judges of scenes lie; nil where there are none.
  static var judges: URL? {
    folders().map { $0.appending(path: "scene-judges") }.first {
      FileManager.default.fileExists(atPath: $0.appending(path: SceneJudges.pictureFile).path)
    }
  }
}
