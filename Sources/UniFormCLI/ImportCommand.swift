import ArgumentParser
import Foundation
import Torch
import UniForm

struct ImportCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "import",
    abstract: "Assemble a model from local copies of published weights.",
    discussion: """
      Each part is a folder as its release has it (config.json, one .safetensors file or a sharded set), a whole \
      pipeline's folder, or a single .safetensors file. A new model has the paper's configuration; a model that \
      exists keeps the parts that are not named. Nothing is written unless every part fits. Pickles (.pth, .ckpt, \
      .bin) are refused: Scripts/convert-checkpoint turns them into .safetensors.

      For example:

        uniform import --output xl --text-encoder flan-t5-xxl --transformer STDiT-v3
        uniform import --output xl --vae OpenSora-VAE-v1.2
        uniform import --output xl --audio-vae audioldm-m-full --vocoder audioldm-m-full
      """)

  enum StoredType: String, ExpressibleByArgument, CaseIterable {
    case stored, float32, bfloat16, float16

    var dtype: DType? {
      switch self {
      case .stored: nil
      case .float32: .float32
      case .bfloat16: .bfloat16
      case .float16: .float16
      }
    }
  }

  @Option(
    help: ArgumentHelp("Model directory to make or to add to.", valueName: "dir"), completion: .directory)
  var output: String
  @Option(
    help: ArgumentHelp("FLAN-T5 of any size, with its spiece.model.", valueName: "path"), completion: .file())
  var textEncoder: String?
  @Option(
    help: ArgumentHelp("spiece.model, where it does not lie beside the text encoder.", valueName: "file"),
    completion: .file())
  var tokenizer: String?
  @Option(help: ArgumentHelp("OpenSora-VAE-v1.2.", valueName: "path"), completion: .file())
  var vae: String?
  @Option(
    help: ArgumentHelp("Autoencoder of AudioLDM or AudioLDM2.", valueName: "path"), completion: .file())
  var audioVae: String?
  @Option(help: ArgumentHelp("HiFi-GAN of AudioLDM or AudioLDM2.", valueName: "path"), completion: .file())
  var vocoder: String?
  @Option(
    help: ArgumentHelp("STDiT-v3, PixArt-α or PixArt-Σ: where training begins.", valueName: "path"),
    completion: .file())
  var transformer: String?
  @Option(
    help: ArgumentHelp(
      """
      Begin every part anew with the configurations of this directory, such as Configs/uniform-xl: for training, or \
      to measure what such a model takes. --tokenizer names a spiece.model where the directory has none.
      """, valueName: "dir"), completion: .directory)
  var untrained: String?
  @Flag(
    name: .customLong("qk-norm"),
    help: "Give PixArt weights the query-key norm of STDiT-v3; they need training to adapt to it.")
  var qkNorm = false
  @Option(help: "Number format to write; stored is that of each file.")
  var dtype = StoredType.stored
  @Option(
    parsing: .unconditional, help: ArgumentHelp("Seed of tensors that no file has.", valueName: "number"))
  var seed: UInt64 = 0
  @Flag(help: "Report in JSON, one object per line.")
  var json = false
  @Flag(help: "Report nothing but warnings and errors.")
  var quiet = false

  private var paths: [ModelDirectory.Part: URL] {
    let named: [(ModelDirectory.Part, String?)] = [
      (.textEncoder, textEncoder), (.videoVAE, vae), (.audioVAE, audioVae), (.vocoder, vocoder),
      (.transformer, transformer),
    ]
    return Dictionary(
      uniqueKeysWithValues: named.compactMap { part, path in path.map { (part, URL(filePath: $0)) } })
  }

  func validate() throws {
    if untrained != nil {
      guard paths.isEmpty else {
        throw ValidationError(
          "--untrained begins every part anew; import parts into its result with a second call")
      }
    }
    guard !paths.isEmpty || tokenizer != nil || untrained != nil else {
      throw ValidationError("nothing to import: name at least one part, such as --text-encoder")
    }
    if json && quiet { throw ValidationError("--json and --quiet contradict each other") }
    if qkNorm && transformer == nil { throw ValidationError("--qk-norm needs --transformer") }
  }

  func run() async throws {
    let reporter = Reporter(.chosen(json: json, quiet: quiet))
    Interruption.allow(seconds: 60)
    let start = ContinuousClock.now
    var options = ModelImport.Options()
    (options.dtype, options.seed, options.usesQKNorm) = (dtype.dtype, seed, qkNorm)
    options.tokenizer = tokenizer.map { URL(filePath: $0) }
    let target = URL(filePath: output, directoryHint: .isDirectory)
    let work =
      if let untrained {
        try ModelImport(
          to: target, untrained: ModelLocation.open(untrained, isTrained: false), options: options)
      } else {
        try ModelImport(to: target, from: paths, options: options)
      }
    try work.write { part, written, all in
      try Task.checkCancellation()
      reporter.progress(part.rawValue, completed: written / 1_000_000, total: all / 1_000_000, unit: "MB")
    }
    reporter.endProgress()
    for report in work.reports {
      var event = ReportEvent("part")
      event.part = report
      reporter.event(event)
    }
    for line in work.lines { reporter.note(line) }
    let restricted = work.reports.filter { work.model.index.nonCommercialParts.contains($0.part) }
    if let licence = restricted.first?.licence {
      reporter.warn(
        "\(restricted.map(\.part).joined(separator: " and ")): \(licence) forbids commercial use, of the model "
          + "as a whole, too")
    }
    let seconds = (ContinuousClock.now - start) / .seconds(1)
    reporter.event(ReportEvent("done", output: output, seconds: seconds.rounded(to: 1)))
  }
}

extension ModelImport {
  /// What became of every tensor, for people.
  fileprivate var lines: [String] {
    var table = TextTable(.left, .left, .right, .right, .right, .right, .left)
    table.add("part", "from", "taken", "initialised", "ignored", "size", "licence")
    for report in reports {
      table.add(
        report.part, report.format, report.taken.grouped, report.initialised.tensors.grouped,
        report.ignored.tensors.grouped, report.bytes.byteSize, report.licence.oneLine)
    }
    let details = reports.flatMap { report in
      var table = TextTable(.left, .right, .left, .left)
      for group in report.initialised {
        table.add("  initialised", "\(group.count)", group.names, group.reason)
      }
      for group in report.ignored { table.add("  ignored", "\(group.count)", group.names, group.reason) }
      let lines = table.lines + report.notes.map { "  note: \($0)" }
      return lines.isEmpty ? [] : ["", report.part] + lines
    }
    let names = missing.map(\.rawValue).joined(separator: ", ")
    return (reports.isEmpty ? [] : table.lines + details + [""])
      + ["wrote \(model.url.path)"] + (missing.isEmpty ? [] : ["still without weights: \(names)"])
  }
}

extension [ImportReport.Group] {
  /// Tensors of all groups.
  fileprivate var tensors: Int { reduce(0) { $0 + $1.count } }
}
