import ArgumentParser
import Foundation
import UniFormTraining

/// Which clips of a data set.
struct DataSetOptions: ParsableArguments {
  @ArgumentParser.Argument(
    help: ArgumentHelp("Folder of the data set.", valueName: "source"), completion: .directory)
  var source: String?
  @Option(help: ArgumentHelp("How it lies on disk; see Docs/Data.md.", valueName: "name"))
  var layout: DataLayout
  @Option(
    help: ArgumentHelp("Its annotation file, where that is not in the folder.", valueName: "file"),
    completion: .file())
  var list: String?
  @Option(help: ArgumentHelp("Only these splits, separated by commas.", valueName: "names"))
  var split: String?
  @Option(
    help: ArgumentHelp("Only the clips of this list of ids, one per line.", valueName: "file"),
    completion: .file())
  var only: String?
  @Option(
    help: ArgumentHelp("Without the clips of this list, such as a test set.", valueName: "file"),
    completion: .file())
  var without: String?

  /// - Parameters:
  ///   - seconds: of each clip that will be used.
  ///   - warn: is told of rows of lists that are not understood.
  func clips(seconds: Double, warn: (String) -> Void) throws -> ClipList {
    guard let source else {
      throw CommandFailure.usage("no source is given; name the folder of the data set")
    }
    var clips = try ClipList(
      layout, at: URL(filePath: source), list: list.map { URL(filePath: $0) }, seconds: seconds)
    for rows in clips.unreadRows { warn("\(rows)") }
    if let split { try clips.choose(split: split) }
    if let only { try clips.keep(only: URL(filePath: only)) }
    if let without { try clips.remove(URL(filePath: without)) }
    return clips
  }
}

extension WorkShare {
  /// As torchrun and most schedulers set them: `RANK` and `WORLD_SIZE`. The whole work without them.
  init(environment: [String: String] = ProcessInfo.processInfo.environment) throws {
    guard let rank = environment["RANK"], let count = environment["WORLD_SIZE"] else {
      self = .whole
      return
    }
    guard let number = Int(rank), let workers = Int(count), (0..<max(workers, 0)).contains(number) else {
      throw CommandFailure.usage(
        "RANK is '\(rank)' and WORLD_SIZE '\(count)'; RANK must be a number from 0 to WORLD_SIZE - 1")
    }
    self.init(rank: number, count: workers)
  }
}
