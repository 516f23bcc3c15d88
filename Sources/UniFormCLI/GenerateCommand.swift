import ArgumentParser
import Foundation
import Media
import UniForm

struct GenerateCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "generate",
    abstract: "Make a clip: from text, for a video, or for a sound.",
    discussion: """
      The task follows from the input. With neither --video nor --audio, picture and sound are made from the \
      prompt. With --video, sound is made for its pictures; with --audio, pictures for its sound. A prompt may \
      then be added, and what was given is kept as it is in the result.

      The ending of the output decides what is written: .mp4 and .webm hold both, .gif only pictures, .wav only \
      sound, and .png is a sheet of eight frames above the spectrogram of the sound.

      Examples:

        uniform generate --prompt "a bell rings" --output bell.mp4 --sheet bell.png
        uniform generate --video hammer.mp4 --start 2 --output hammer-with-sound.mp4
        uniform generate --audio waves.wav --prompt "waves on a beach" --output waves.mp4
        uniform generate --batch clips.csv

      With --json each line of standard output is one JSON object; its "event" is one of start, progress, clip, \
      skipped, warning, failure and done. Docs/CommandLine.md describes their fields.
      """)

  @OptionGroup(title: "What to make") var content: ContentOptions
  @OptionGroup(title: "How") var sampling: SamplingOptions
  @OptionGroup(title: "Where to") var output: OutputOptions
  @OptionGroup(title: "Adapters") var adapters: AdapterOptions
  @OptionGroup(title: "Machine") var machine: MachineOptions

  func validate() throws {
    try content.check(output)
    if sampling.condition.isUsed && content.video == nil && content.audio == nil && content.batch == nil {
      throw ValidationError("--condition-guidance needs a video or a sound; give --video or --audio")
    }
  }

  func run() async throws {
    let reporter = Reporter(output.reporting)
    do {
      try await run(reporter)
    } catch {
      reporter.endProgress()
      throw error
    }
  }

  private func run(_ reporter: Reporter) async throws {
    try await MediaTools.check()
    var directory = try ModelLocation.open(machine.model)
    directory.adapters = adapters.lora.map(\.adapter)
    let generation = try Generation(
      directory: directory, sampling: sampling, machine: machine, content: content, output: output,
      reporter: reporter)
    if let batch = content.batch {
      try await generation.run(batch: BatchFile(contentsOf: URL(filePath: batch)))
    } else {
      try await generation.run(content.job(output, sampling))
    }
  }
}

struct ContentOptions: ParsableArguments {
  @Option(help: ArgumentHelp("What to see and hear, in words.", valueName: "text"))
  var prompt: String?
  @Option(help: ArgumentHelp("What not to see and hear; needs a prompt.", valueName: "text"))
  var negativePrompt: String?
  @Option(help: ArgumentHelp("Make sound for this video.", valueName: "file"), completion: .file())
  var video: String?
  @Option(help: ArgumentHelp("Make pictures for this sound.", valueName: "file"), completion: .file())
  var audio: String?
  @Option(help: "Make only sound or only pictures from the prompt, with a model that was trained to.")
  var only: Modality?
  @Option(
    help: ArgumentHelp(
      """
      Make all clips of a list, loading the model once. The list is a CSV file whose first line names its \
      columns, or holds one JSON object per line (.jsonl). Columns are prompt, video, audio, seed, \
      size, aspect and output. Clips that exist already are skipped.
      """,
      valueName: "file"),
    completion: .file(extensions: ["csv", "jsonl"]))
  var batch: String?
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Length of the clip, 1 to 10. Without it, the length that the model was trained on.",
      valueName: "seconds"))
  var seconds: Double?
  @Option(
    parsing: .unconditional, help: ArgumentHelp("Where to begin in the video or sound.", valueName: "seconds")
  )
  var start = 0.0
  @OptionGroup var size: SizeOptions
  @Option(
    help: ArgumentHelp("How a video fills the model's frame: cover cuts its edges, squash stretches it."))
  var fit = VideoReader.Fit.cover
}

struct SamplingOptions: ParsableArguments {
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Steps from noise to clip; more are slower and finer. Without it, the model's own number, usually 30.",
      valueName: "number"))
  var steps: Int?
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      """
      How closely to follow the prompt; 1 turns guidance off. Without it, the model's own number, which \
      'uniform info' shows.
      """,
      valueName: "number"))
  var guidance: Double?
  @OptionGroup var condition: ConditionGuidanceOptions
  @Option(help: "Sampling method. Without it, the one the model was trained for.")
  var sampler: Sampler?
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Same seed, same clip. Without it, a random one is drawn and printed.", valueName: "number"))
  var seed: UInt64?
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "How many clips to make, with this seed and the ones after it; they are called name-1, name-2 and so on.",
      valueName: "number"))
  var count = 1

  func validate() throws {
    func check(_ name: String, _ value: some Any, _ isAllowed: Bool, _ allowed: String) throws {
      if !isAllowed { throw ValidationError("--\(name) is \(value); use \(allowed)") }
    }
    if let steps {
      let range = GenerationRequest.allowedSteps
      try check(
        "steps", steps, range.contains(steps),
        "a whole number from \(range.lowerBound) to \(range.upperBound)")
    }
    if let guidance { try check("guidance", guidance, guidance.isFinite && guidance >= 0, "0 or more") }
    let range = GenerationRequest.allowedCount
    try check("count", count, range.contains(count), "a whole number from 1 to \(range.upperBound)")
  }
}

struct OutputOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "The clip to write. Without it, a file in this folder that is named after the seed.", valueName: "file"),
    completion: .file(extensions: ["mp4", "webm", "gif", "wav", "png"]))
  var output: String?
  @Option(
    help: ArgumentHelp("Also draw frames and spectrogram into this .png file.", valueName: "file"),
    completion: .file(extensions: ["png"]))
  var sheet: String?
  @Flag(help: "Do not store prompt, seed and settings in the clip.")
  var noMetadata = false
  @Flag(help: "Report in JSON, one object per line.")
  var json = false
  @Flag(help: "Report nothing but warnings and errors.")
  var quiet = false

  var reporting: Reporter.Style {
    .chosen(json: json, quiet: quiet)
  }

  func validate() throws {
    if json && quiet { throw ValidationError("--json and --quiet contradict each other; give one of them") }
  }
}
