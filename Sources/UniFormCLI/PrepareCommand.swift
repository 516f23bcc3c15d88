import ArgumentParser
import Foundation
import Media
import Scenes
import UniForm
import UniFormTraining

struct PrepareCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "prepare",
    abstract: "Encode the clips of a data set, once, to train on.",
    discussion: """
      Reads a data set as it lies on disk, brings every clip to the size, rates and length of the model, and stores \
      what its encoders make of pictures, sound and caption. A clip that is broken, too short, silent or without \
      sound is left out; skipped.jsonl says why. The same command goes on after an interruption, and workers with RANK \
      and WORLD_SIZE in their environment share the work.

      Examples:

        uniform prepare data/vggsound --layout vggsound --split train --output cache/vggsound
        uniform prepare clips --layout folder --captions captions.jsonl --output cache/clips
        uniform prepare --layout scenes --render 10000 --seed 42 --output cache/scenes
      """)

  @OptionGroup(title: "What to read") var data: DataSetOptions
  @Option(
    help: ArgumentHelp(
      "Captions that take the place of the data set's own: a .csv or .jsonl, as 'uniform caption' writes it.",
      valueName: "file"), completion: .file())
  var captions: String?
  @Flag(help: "Leave captions away, to train without text.")
  var noCaptions = false
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Render so many scenes instead of reading any.", valueName: "number"))
  var render: Int?
  @Option(parsing: .unconditional, help: ArgumentHelp("Seed of the rendered scenes.", valueName: "number"))
  var seed: UInt64?

  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Length of each clip, from its beginning. Without it, the model's.", valueName: "seconds"))
  var seconds: Double?
  @Option(help: "How a video fills the model's frame: cover cuts its edges, squash stretches it.")
  var fit = VideoReader.Fit.cover
  @Flag(help: "Leave out clips whose picture never changes.")
  var skipStill = false

  @Option(
    help: ArgumentHelp("Folder of encoded clips to make, or to go on with.", valueName: "folder"),
    completion: .directory)
  var output: String
  @Flag(help: "Store captions as tokens alone, for a text encoder that is trained, too.")
  var tokensOnly = false
  @Option(parsing: .unconditional, help: ArgumentHelp("Clips per file, at most.", valueName: "number"))
  var shardSize = 1000
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Clips to decode side by side. Without it, one per processor.", valueName: "number"))
  var decoders: Int?
  @OptionGroup(title: "Machine and report") var options: CodecOptions

  func validate() throws {
    func check(_ name: String, _ value: some Any, _ isAllowed: Bool, _ allowed: String) throws {
      if !isAllowed { throw ValidationError("--\(name) is \(value); use \(allowed)") }
    }
    if let seconds {
      try check("seconds", seconds, seconds > 0 && seconds <= 10, "more than 0 and at most 10")
    }
    if let render {
      try check("render", render, (1...100_000_000).contains(render), "a whole number from 1")
      guard data.layout == .scenes, data.source == nil else {
        throw ValidationError(
          "--render makes its own clips; give it with --layout scenes and without a source")
      }
    } else if seed != nil {
      throw ValidationError("--seed has no effect without --render; give both")
    }
    try check("shard-size", shardSize, (1...100_000).contains(shardSize), "a whole number from 1 to 100000")
    if let decoders {
      try check("decoders", decoders, (1...256).contains(decoders), "a whole number from 1 to 256")
    }
    if captions != nil && noCaptions {
      throw ValidationError("--captions and --no-captions contradict each other; give one of them")
    }
  }

  func run() async throws {
    try await options.reporting { reporter in
      let share = try WorkShare()
      let model = try ModelLocation.open(options.model, isTrained: false)
      var settings = CachePreparation.Options()
      settings.seconds = seconds
      settings.textStates = tokensOnly ? false : nil
      settings.device = try options.place.checkedDevice()
      settings.threads = options.place.threads
      settings.decoders = decoders ?? settings.decoders
      settings.shardSize = shardSize
      settings.share = share
      let source = try await source(model.geometry, reporter)
      let start = ContinuousClock.now
      let preparation = CachePreparation(source, model: model, to: URL(filePath: output), settings)
      let outcome = try await preparation.run {
        reporter.progress("encoding", completed: $0.done, total: $0.total, unit: "clips")
      }
      let seconds = (ContinuousClock.now - start) / .seconds(1)
      report(outcome, share, seconds: seconds, reporter)
    }
  }

  private func source(_ geometry: ClipGeometry, _ reporter: Reporter) async throws -> any ClipSource {
    var geometry = geometry
    geometry.seconds = seconds ?? geometry.seconds
    if let render {
      return RenderedClips(count: render, seed: seed ?? 0, geometry: geometry.scenes)
    }
    try await MediaTools.check()
    var clips = try data.clips(seconds: geometry.seconds, warn: reporter.warn)
    if let captions { try clips.caption(from: URL(filePath: captions)) }
    if noCaptions {
      clips.dropCaptions()
    } else if clips.captionless == clips.clips.count {
      throw DataError.noCaptions(count: clips.clips.count)
    } else if clips.captionless > 0 {
      reporter.warn(
        "\(clips.captionless) of \(clips.clips.count) clips have no caption; they train without text")
    }
    reporter.note(
      "\(clips.clips.count) clips" + (clips.choice.map { " (\($0))" } ?? "")
        + (clips.missing > 0 ? "; \(clips.missing) more are in the lists, but not on disk" : ""))
    return MediaClips(clips, geometry: geometry, fit: fit, skipsStill: skipStill)
  }

  private func report(
    _ outcome: CachePreparation.Outcome, _ share: WorkShare, seconds: Double, _ reporter: Reporter
  ) {
    reporter.endProgress()
    let reasons = outcome.index?.skipped ?? [:]
    if let index = outcome.index {
      let bytes = index.shards.reduce(0) { $0 + $1.bytes }
      reporter.note(
        "\(index.count) clips in \(output), \(bytes.byteSize), \(index.shards.count) files"
          + (outcome.done == 0 ? "; it was complete already" : ", in \(ProgressLine.duration(seconds))"))
      if !reasons.isEmpty {
        let list = reasons.sorted { ($1.value, $0.key) < ($0.value, $1.key) }
          .map { "\($0.value) \($0.key.replacing("_", with: " "))" }
        reporter.note("Left out: \(list.joined(separator: ", ")); see \(output)/skipped.jsonl")
      }
    } else {
      reporter.note(
        "Worker \(share.rank) of \(share.count) is done; whichever finishes last writes the index of \(output)"
      )
    }
    var event = ReportEvent(
      "done", output: output, clips: outcome.index?.count ?? outcome.done - outcome.skipped,
      skipped: reasons.isEmpty ? outcome.skipped : reasons.values.reduce(0, +),
      seconds: seconds.rounded(to: 1))
    event.reasons = reasons.isEmpty ? nil : reasons
    reporter.event(event)
  }
}
