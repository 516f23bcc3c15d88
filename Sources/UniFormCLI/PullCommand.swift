import ArgumentParser
import Foundation
import Hub
import UniForm

struct PullCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "pull",
    abstract: "Download a repository from a hub of models.",
    discussion: """
      Files go to the cache that all tools for the Hugging Face hub share, and the folder that holds them is the \
      one line on standard output. Content is verified by its hash. What was interrupted goes on where it stopped, \
      and what is there already is not asked for again.

      The usual variables hold: HF_ENDPOINT is another hub, HF_TOKEN (or the file 'token' in HF_HOME) opens what \
      is not open to all, HF_HOME or HF_HUB_CACHE moves the cache, HF_HUB_OFFLINE=1 forbids requests.

      Examples:

        uniform pull google/flan-t5-base '*.json' model.safetensors
        uniform pull hpcai-tech/OpenSora-VAE-v1.2@main
      """)

  @ArgumentParser.Argument(
    help: ArgumentHelp(
      "Repository, such as google/flan-t5-base; with @, a branch, tag or commit of it.",
      valueName: "repository[@revision]"))
  var repository: String
  @ArgumentParser.Argument(
    help: ArgumentHelp(
      "Only these files of it: paths, or patterns in quotes such as '*.json' or 'vae/*'.", valueName: "file"))
  var files: [String] = []
  @Option(
    parsing: .unconditional, help: ArgumentHelp("Files to download side by side.", valueName: "number"))
  var parallel = 4
  @Flag(help: "Report in JSON, one object per line; the folder is 'output' of the last.")
  var json = false
  @Flag(help: "Report nothing but the folder and errors.")
  var quiet = false

  func validate() throws {
    if json && quiet { throw ValidationError("--json and --quiet exclude each other; leave one out") }
    guard (1...64).contains(parallel) else {
      throw ValidationError("--parallel is \(parallel); use a whole number from 1 to 64")
    }
  }

  func run() async throws {
    let reporter = reporter
    let reference = try RepositoryReference(repository)
    var settings = try HubSettings(environment: ProcessInfo.processInfo.environment)
    settings.userAgent = "uniform/\(UniFormVersion.current)"
    let start = ContinuousClock.now
    reporter.event(ReportEvent("start", model: reference.description))
    defer { reporter.endProgress() }
    let snapshot: ModelHub.Snapshot
    do {
      snapshot = try await ModelHub(settings).pull(
        reference, files: files, parallel: parallel,
        progress: { completed, total in
          reporter.progress("downloading", completed: completed, total: total, unit: "bytes")
          if completed == total && total > 0 { reporter.progress("verifying", completed: 0, total: 1) }
        },
        warn: reporter.warn)
    } catch {
      reporter.endProgress()
      throw error
    }
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    let received =
      snapshot.receivedBytes > 0
      ? "\(snapshot.receivedBytes.byteSize) received in \(ProgressLine.duration(seconds))"
      : "nothing to download"
    let count = snapshot.files.count
    reporter.note("\(count) file\(count == 1 ? "" : "s"), \(snapshot.bytes.byteSize); \(received)")
    let path = snapshot.url.path(percentEncoded: false)
    if !json { try StandardOutput.print(path) }
    reporter.event(
      ReportEvent(
        "done", model: reference.description, output: path, commit: snapshot.commit, files: snapshot.files,
        receivedBytes: snapshot.receivedBytes, seconds: seconds.rounded(to: 1)))
  }

  /// For people on standard error, since the folder on standard output may be an argument of another command.
  private var reporter: Reporter {
    if json { return Reporter(.json) }
    return Reporter(.chosen(json: false, quiet: quiet, descriptor: STDERR_FILENO), descriptor: STDERR_FILENO)
    {
      try? FileHandle.standardError.write(contentsOf: Data($0.utf8))
    }
  }
}
