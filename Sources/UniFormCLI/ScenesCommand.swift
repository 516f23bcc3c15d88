import ArgumentParser
import Foundation
import Media
import Scenes

struct ScenesCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "scenes",
    abstract: "Render clips with sound to train on.",
    discussion: """
      Draws procedural scenes, such as a bouncing ball or heavy rain, and synthesises their sound. Each clip is \
      an .mp4 and a .json with its caption, class, attributes and the times of its events; metadata.csv lists \
      all captions. The same seed gives the same files, whatever the number of threads. A run that was \
      interrupted goes on where it stopped.

      Example:

        uniform scenes data/scenes --count 1000 --seed 1 --classes rain,bell
      """)

  @Argument(
    help: ArgumentHelp("Folder to fill; it is made when missing.", valueName: "folder"),
    completion: .directory)
  var folder: String
  @Option(parsing: .unconditional, help: ArgumentHelp("How many clips.", valueName: "number"))
  var count: Int
  @Option(parsing: .unconditional, help: ArgumentHelp("Seed of the whole set.", valueName: "number"))
  var seed: UInt64 = 0
  @Option(parsing: .unconditional, help: ArgumentHelp("Width and height in pixels.", valueName: "pixels"))
  var size = SceneGeometry().width
  @Option(parsing: .unconditional, help: ArgumentHelp("Length of each clip.", valueName: "seconds"))
  var seconds = SceneGeometry().seconds
  @Option(parsing: .unconditional, help: ArgumentHelp("Frames per second.", valueName: "number"))
  var frameRate = SceneGeometry().frameRate
  @Option(parsing: .unconditional, help: ArgumentHelp("Sound samples per second.", valueName: "number"))
  var sampleRate = SceneGeometry().sampleRate
  @Option(
    help: ArgumentHelp(
      "Only these kinds of scene, separated by commas, each equally often. Known are \(SceneClass.names).",
      valueName: "names"),
    completion: .list(SceneClass.allCases.map(\.rawValue)))
  var classes: String?
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Clips to render side by side. Without it, one per processor.", valueName: "number"))
  var threads: Int?
  @Flag(help: "Report in JSON, one object per line.")
  var json = false
  @Flag(help: "Report nothing but errors.")
  var quiet = false

  func validate() throws {
    func check(_ name: String, _ value: some Any, _ isAllowed: Bool, _ allowed: String) throws {
      if !isAllowed { throw ValidationError("--\(name) is \(value); use \(allowed)") }
    }
    guard !folder.isEmpty else { throw ValidationError("the name of the folder is empty; give one") }
    try check("count", count, (1...1_000_000).contains(count), "a whole number from 1 to 1000000")
    try check("size", size, size >= 16 && size <= 2048 && size % 2 == 0, "an even number from 16 to 2048")
    try check("seconds", seconds, seconds >= 0.1 && seconds <= 600, "0.1 to 600")
    try check("frame-rate", frameRate, frameRate >= 1 && frameRate <= 120, "1 to 120")
    try check(
      "sample-rate", sampleRate, (8000...192_000).contains(sampleRate), "a whole number from 8000 to 192000")
    if let threads {
      try check("threads", threads, (1...1024).contains(threads), "a whole number from 1 to 1024")
    }
    _ = try chosenClasses()
  }

  private func chosenClasses() throws -> [SceneClass] {
    guard let classes else { return [] }
    return try classes.split(separator: ",", omittingEmptySubsequences: false).map { name in
      let name = name.trimmingCharacters(in: .whitespaces)
      guard let kind = SceneClass(rawValue: name) else {
        throw ValidationError("--classes names '\(name)'; known are \(SceneClass.names)")
      }
      return kind
    }
  }

  func run() async throws {
    let reporter = Reporter(.chosen(json: json, quiet: quiet))
    try await MediaTools.check()
    let start = ContinuousClock.now
    let folder = SceneFolder(
      url: URL(filePath: folder, directoryHint: .isDirectory), seed: seed, count: count,
      geometry: SceneGeometry(
        width: size, height: size, frameRate: frameRate, seconds: seconds, sampleRate: sampleRate),
      classes: try chosenClasses())
    let rendered = try await folder.fill(threads: threads ?? ProcessInfo.processInfo.activeProcessorCount) {
      reporter.progress("rendering", completed: $0, total: $1, unit: "clips")
    }
    reporter.endProgress()
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    let old = count - rendered
    reporter.note(
      "\(count) clips in \(self.folder)" + (old > 0 ? ", \(old) of them from before" : "")
        + ", in \(ProgressLine.duration(seconds))")
    reporter.event(ReportEvent("done", clips: rendered, skipped: old, seconds: seconds.rounded(to: 1)))
  }
}

extension SceneClass {
  fileprivate static let names = allCases.map(\.rawValue).joined(separator: ", ")
}
