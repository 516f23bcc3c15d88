import ArgumentParser
import Foundation
import Media
import UniForm
import UniFormTraining

struct CaptionCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "caption",
    abstract: "Write captions for the clips of a data set, with a vision-language model.",
    discussion: """
      Sends pictures of each clip to a server that speaks the chat protocol of OpenAI, such as vLLM, Ollama or \
      llama.cpp, and writes what it says to a list that 'uniform prepare --captions' reads. Only pictures are described, \
      not sound. The same command goes on after an interruption and tries again what failed; workers with RANK and \
      WORLD_SIZE in their environment share the work. With --labels the classes of the data set are the captions, and no \
      server is needed.

      Examples:

        uniform caption clips --layout folder --output captions.jsonl \\
          --endpoint http://localhost:8000/v1 --model qwen-vl
        uniform caption data/landscape --layout landscape --labels --output captions.csv
      """)

  @OptionGroup(title: "What to describe") var data: DataSetOptions
  @Flag(help: "Take the classes of the data set instead of asking a model.")
  var labels = false
  @Option(help: ArgumentHelp("Address of the server.", valueName: "url"))
  var endpoint: String?
  @Option(help: ArgumentHelp("The model, as the server calls it.", valueName: "name"))
  var model: String?
  @Option(
    help: ArgumentHelp("Environment variable with the key of a server that wants one.", valueName: "name"))
  var keyVariable: String?
  @Option(
    help: ArgumentHelp(
      """
      What to ask; {frames}, {seconds} and {label} stand for the number of pictures, the length of the clip and its \
      class.
      """, valueName: "text"))
  var prompt: String?
  @Option(parsing: .unconditional, help: ArgumentHelp("Pictures per clip.", valueName: "number"))
  var frames = 8
  @Option(parsing: .unconditional, help: ArgumentHelp("Their longest side.", valueName: "pixels"))
  var size = 448
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Length of each clip, from its beginning.", valueName: "seconds"))
  var seconds = 4.0
  @Option(parsing: .unconditional, help: ArgumentHelp("Longest answer.", valueName: "tokens"))
  var maxTokens = 160
  @Option(parsing: .unconditional, help: ArgumentHelp("0 for the most likely answer.", valueName: "number"))
  var temperature = 0.0
  @Option(parsing: .unconditional, help: ArgumentHelp("Requests at a time.", valueName: "number"))
  var parallel = 4
  @Option(parsing: .unconditional, help: ArgumentHelp("Time for one answer.", valueName: "seconds"))
  var timeout = 180.0
  @Option(parsing: .unconditional, help: ArgumentHelp("Attempts at one request.", valueName: "number"))
  var attempts = 5
  @Option(
    parsing: .unconditional, help: ArgumentHelp("Price of a million tokens sent.", valueName: "amount"))
  var inputPrice = 0.0
  @Option(
    parsing: .unconditional, help: ArgumentHelp("Price of a million tokens received.", valueName: "amount"))
  var outputPrice = 0.0
  @Option(
    help: ArgumentHelp("The .jsonl or .csv to write, or to go on with.", valueName: "file"),
    completion: .file())
  var output: String
  @Flag(help: "Report in JSON, one object per line.")
  var json = false
  @Flag(help: "Report nothing but warnings and errors.")
  var quiet = false

  func validate() throws {
    func check(_ name: String, _ value: some Any, _ isAllowed: Bool, _ allowed: String) throws {
      if !isAllowed { throw ValidationError("--\(name) is \(value); use \(allowed)") }
    }
    try check("frames", frames, (1...64).contains(frames), "a whole number from 1 to 64")
    try check("size", size, (16...4096).contains(size), "a whole number from 16 to 4096")
    try check("seconds", seconds, seconds > 0 && seconds <= 3600, "more than 0")
    try check("max-tokens", maxTokens, (1...100_000).contains(maxTokens), "a whole number from 1")
    try check("temperature", temperature, (0...2).contains(temperature), "0 to 2")
    try check("parallel", parallel, (1...256).contains(parallel), "a whole number from 1 to 256")
    try check("timeout", timeout, timeout > 0 && timeout <= 86_400, "more than 0")
    try check("attempts", attempts, (1...100).contains(attempts), "a whole number from 1 to 100")
    try check("input-price", inputPrice, inputPrice >= 0, "0 or more")
    try check("output-price", outputPrice, outputPrice >= 0, "0 or more")
    if labels && (endpoint != nil || model != nil) {
      throw ValidationError("--labels needs no server; leave --endpoint and --model away")
    }
    if !labels && (endpoint == nil || model == nil) {
      throw ValidationError("give --endpoint and --model, or --labels")
    }
    if json && quiet { throw ValidationError("--json and --quiet contradict each other; give one of them") }
  }

  func run() async throws {
    let reporter = Reporter(.chosen(json: json, quiet: quiet))
    let store = try CaptionStore(URL(filePath: output), share: WorkShare())
    let clips = try data.clips(seconds: seconds, warn: reporter.warn)
    let start = ContinuousClock.now
    guard let endpoint, let model else {
      let count = try store.writeLabels(of: clips)
      reporter.note("\(count) of \(clips.clips.count) clips have a label, in \(output)")
      reporter.event(ReportEvent("done", output: output, clips: count, skipped: clips.clips.count - count))
      return
    }
    try await MediaTools.check()
    var server = try ChatEndpoint(endpoint, key: key())
    (server.timeout, server.attempts) = (timeout, attempts)
    var options = Captioner.Options()
    if let prompt { options.prompt = CaptionPrompt(prompt) }
    (options.frames, options.size, options.seconds) = (frames, size, seconds)
    (options.maximumTokens, options.temperature, options.parallel) = (maxTokens, temperature, parallel)
    let captioner = Captioner(endpoint: server, model: model, options)
    let outcome: Captioner.Progress
    do {
      outcome = try await captioner.run(clips, to: store) {
        reporter.progress("captioning", completed: $0.done + $0.failed, total: $0.total, unit: "clips")
      }
    } catch {
      reporter.endProgress()
      throw error
    }
    report(outcome, seconds: (ContinuousClock.now - start) / .seconds(1), reporter)
  }

  /// No key goes to a server that it was not meant for: only a variable that is named is read.
  private func key() throws -> String? {
    guard let keyVariable else { return nil }
    guard let key = ProcessInfo.processInfo.environment[keyVariable], !key.isEmpty,
      key.utf8.allSatisfy({ (0x21...0x7e).contains($0) })
    else { throw CommandFailure.usage("the environment has no key in '\(keyVariable)'; set it") }
    return key
  }

  private func report(_ outcome: Captioner.Progress, seconds: Double, _ reporter: Reporter) {
    reporter.endProgress()
    let cost =
      (Double(outcome.promptTokens) * inputPrice + Double(outcome.completionTokens) * outputPrice) / 1e6
    reporter.note(
      "\(outcome.done) of \(outcome.total) clips have a caption, \(outcome.new) of them new, in "
        + ProgressLine.duration(seconds))
    reporter.note(
      "\(outcome.promptTokens) tokens sent, \(outcome.completionTokens) received"
        + (cost > 0 ? String(format: ", %.2f spent", cost) : ""))
    if outcome.failed > 0 {
      reporter.warn("\(outcome.failed) clips could not be described; the same command tries them again")
    }
    if !outcome.isComplete { reporter.note("\(output) is written when all workers are done") }
    var event = ReportEvent(
      "done", output: output, clips: outcome.new, skipped: outcome.done - outcome.new, failed: outcome.failed,
      seconds: seconds.rounded(to: 1))
    event.tokens = ["sent": outcome.promptTokens, "received": outcome.completionTokens]
    event.cost = cost > 0 ? cost : nil
    reporter.event(event)
  }
}
