import ArgumentParser
import Foundation
import UniForm
import UniFormEvaluation

struct EvaluateCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "evaluate",
    abstract: "Score clips, each number with the protocol that made it.",
    discussion: """
      Compares a folder of generated clips with a folder of reference clips, from whatever model they come. Where a \
      metric needs pairs, clips of the same name are compared. What can be computed with nothing downloaded is: \
      AV-Align, event F1, class agreement, and distances on the features of small classifiers of rendered scenes. \
      Metrics whose networks have no weights here are listed with the file that each needs.

      With --suite clips are generated first, with a model, for a whole data set and every task, and scored then. \
      'scenes' renders its own references; the others need --data. Clips that exist already are not made again.

      The same command goes on after an interruption. Processes with RANK and WORLD_SIZE in their environment, such \
      as those of 'uniform launch', share the work and one cache; whichever finishes last writes the report.

      Examples:

        uniform evaluate --generated mine --reference real --output report.json
        uniform evaluate --generated mine --metrics av-align,event-f1
        uniform evaluate --suite scenes --model uniform-tiny --limit 17
        uniform launch -n 2 -- evaluate --suite scenes --model uniform-tiny --threads 1

      The report is written as JSON, as Markdown and as a page to look at, all of one name. The exit status is 65 \
      when clips had to be skipped, and 69 when a metric that was asked for by name has no weights.
      """)

  @OptionGroup(title: "What to compare") var folders: EvaluationFolders
  @OptionGroup(title: "How") var scoring: ScoringOptions
  @OptionGroup(title: "Generating first") var suite: SuiteOptions
  @OptionGroup(title: "Machine") var machine: MachineOptions
  @Flag(help: "Report in JSON, one object per line.")
  var json = false
  @Flag(help: "Report nothing but warnings and errors.")
  var quiet = false

  func validate() throws {
    if json && quiet { throw ValidationError("--json and --quiet contradict each other; give one of them") }
    if suite.suite != nil {
      if folders.generated != nil || folders.reference != nil {
        throw ValidationError("--suite brings its own clips; leave out --generated and --reference")
      }
    } else {
      guard folders.generated != nil else {
        throw ValidationError("nothing to score; give --generated, or --suite to generate first")
      }
      try suite.refuseWithoutSuite()
    }
  }

  func run() async throws {
    let reporter = Reporter(.chosen(json: json, quiet: quiet))
    do {
      try await MediaTools.check()
      let run = try await EvaluationRun(
        scoring, threads: machine.place.threads ?? ProcessInfo.processInfo.activeProcessorCount,
        reporter: reporter)
      if let kind = suite.suite {
        try await run.score(SuiteRun(kind, suite, scoring, machine, captions: folders.captions, reporter))
      } else {
        try await run.score(folders)
      }
    } catch {
      reporter.endProgress()
      throw error
    }
  }
}

struct EvaluationFolders: ParsableArguments {
  @Option(help: ArgumentHelp("The folder of clips to score.", valueName: "folder"), completion: .directory)
  var generated: String?
  @Option(
    help: ArgumentHelp("The folder of real clips to compare them with.", valueName: "folder"),
    completion: .directory)
  var reference: String?
  @Option(
    help: ArgumentHelp(
      """
      A CSV file with a line for each clip: file_name and text, or the list of VGGSound. Without it, metadata.csv \
      beside the clips, where there is one.
      """,
      valueName: "file"),
    completion: .file(extensions: ["csv"]))
  var captions: String?
}

struct ScoringOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Which metrics, separated by commas; 'available' is all that can be computed.", valueName: "names"))
  var metrics = "available"
  @Option(
    help: ArgumentHelp(
      "The folder of published networks' weights, converted with Scripts/convert-checkpoint.",
      valueName: "folder"),
    completion: .directory)
  var weights: String?
  @Option(
    help: ArgumentHelp(
      "The report to write, .json; a .md and a .html of the same name go with it.", valueName: "file"),
    completion: .file(extensions: ["json"]))
  var output: String?
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Only so much from the start of each clip. Without it, all; in suites the paper's 4, of scenes the model's length.",
      valueName: "seconds"))
  var seconds: Double?
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Only so many clips in order of name, and the references of these names; of the suite scenes, how many are rendered.",
      valueName: "number"))
  var limit: Int?
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      """
      Measure motion for AV-Align in squares of so many pixels. Without it, at the size of the clips, as public code \
      does.
      """, valueName: "pixels"))
  var flowSize: Int?
  @Flag(help: "Compute Fréchet distances of fewer clips than features have dimensions, too.")
  var allowRankDeficient = false
  @Option(
    help: ArgumentHelp(
      "Where features are kept, so that they are computed once. Without it, uniform/features in the user's cache.",
      valueName: "folder"),
    completion: .directory)
  var cache: String?

  func validate() throws {
    if let seconds, !(seconds >= 0.1 && seconds <= 600) {
      throw ValidationError("--seconds is \(seconds); use 0.1 to 600")
    }
    if let limit, limit < 1 { throw ValidationError("--limit is \(limit); use a whole number from 1 on") }
    if let flowSize, !(16...2048).contains(flowSize) {
      throw ValidationError("--flow-size is \(flowSize); use 16 to 2048")
    }
    if let output, URL(filePath: output).pathExtension.lowercased() != "json" {
      throw ValidationError("--output is '\(output)'; give a name that ends in .json")
    }
    guard !families.isEmpty || metrics == "available" else {
      throw ValidationError("--metrics names nothing; use 'available' or names separated by commas")
    }
  }

  /// Empty where everything is wanted that can be computed.
  var families: [String] {
    metrics == "available"
      ? []
      : metrics.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
  }

  var cacheFolder: URL {
    if let cache { return URL(filePath: cache) }
    let environment = ProcessInfo.processInfo.environment
    let base =
      environment["UNIFORM_CACHE"].map { URL(filePath: $0) }
      ?? (environment["XDG_CACHE_HOME"].map { URL(filePath: $0) }
      ?? FileManager.default.homeDirectoryForCurrentUser.appending(path: ".cache")).appending(path: "uniform")
    return base.appending(path: "features")
  }
}
