import Foundation
import Hub
import UniFormTraining

/// Several processes that share one evaluation. Each does its part and leaves a mark in the cache that they share; whichever
/// finds the marks of all writes the report.
struct EvaluationTeam {
  let share: WorkShare
  private let marks: URL

  /// - Parameters:
  ///   - cache: of features, which all processes share.
  ///   - work: all that tells this evaluation from another.
  init(_ share: WorkShare, cache: URL, work: [String]) {
    self.share = share
    let key = FileDigest.sha256(of: (["\(share.count)"] + work).joined(separator: "\n"))
    marks = cache.appending(path: "workers/\(key)", directoryHint: .isDirectory)
  }

  private var mark: URL { marks.appending(path: "\(share.rank)", directoryHint: .notDirectory) }

  /// Takes back the mark of a run that lost another process.
  func begin() { try? FileManager.default.removeItem(at: mark) }

  /// Leaves the mark of a part that is done.
  ///
  /// - Returns: whether all parts are done and nobody else writes the report.
  func finishesLast() throws -> Bool {
    let manager = FileManager.default
    do {
      try manager.createDirectory(at: marks, withIntermediateDirectories: true)
      try Data().write(to: mark)
    } catch {
      throw CommandFailure(
        "the cache '\(marks.relativePath)' cannot be written; choose another with --cache", .cannotCreate)
    }
    guard let found = try? manager.contentsOfDirectory(atPath: marks.path), found.count >= share.count else {
      return false
    }
    // Two may finish at the same moment; only one can rename the folder.
    let claimed = marks.deletingLastPathComponent().appending(path: UUID().uuidString)
    guard rename(marks.path, claimed.path) == 0 else { return false }
    try? manager.removeItem(at: claimed)
    return true
  }
}
