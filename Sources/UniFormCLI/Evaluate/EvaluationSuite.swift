import ArgumentParser
import Foundation
import UniFormEvaluation

/// A data set to generate for, with what the paper publishes about it.
enum EvaluationSuite: String, CaseIterable, ExpressibleByArgument {
  case scenes, vggsound, landscape, aist

  /// Whether the paper has numbers on this data.
  var isOfThePaper: Bool { self != .scenes }

  /// Tables of the paper, each with the variants that are its rows.
  var tables: [(table: PublishedTable, rows: [SuiteVariant])] {
    func table(_ number: Int, _ title: String, _ rows: SuiteVariant...) -> (PublishedTable, [SuiteVariant])? {
      PublishedTable.all.first { $0.number == number && $0.title.contains(title) }.map { ($0, rows) }
    }
    let tables =
      switch self {
      case .vggsound:
        [
          table(1, "V2A", .v2a), table(4, "V2A", .v2a), table(4, "A2V", .a2v),
          table(5, "V2A", .v2aWithoutText, .v2a),
          table(6, "VGGSound", .unimodal, .alone, .t2av),
        ]
      case .landscape:
        [
          table(2, "A2V", .a2v), table(3, "Landscape", .t2av), table(4, "T2AV", .t2av),
          table(5, "A2V", .a2vWithoutText, .a2v),
          table(6, "Landscape", .unimodal, .alone, .t2av),
        ]
      case .aist: [table(3, "AIST", .t2av), table(6, "AIST", .unimodal, .alone, .t2av)]
      case .scenes:
        [
          table(1, "V2A", .v2a), table(2, "A2V", .a2v), table(3, "Landscape", .t2av),
          table(5, "V2A", .v2aWithoutText, .v2a), table(5, "A2V", .a2vWithoutText, .a2v),
          table(6, "Landscape", .unimodal, .alone, .t2av),
        ]
      }
    return tables.compactMap(\.self)
  }
}

/// A way to make every clip of a suite.
enum SuiteVariant: String, CaseIterable, Codable, Sendable {
  case t2av
  case t2avWithoutText = "t2av-without-text"
  case v2a
  case v2aWithoutText = "v2a-without-text"
  case a2v
  case a2vWithoutText = "a2v-without-text"
  /// Pictures of one run and sound of another from the same text: what the paper's table 6 compares joint generation with.
  case unimodal
  /// Pictures and sound made alone from the same text, by a model that was trained to.
  case alone
  /// The reference through the codecs: what no task of the model can surpass.
  case codecs

  /// Those that every model can make.
  static let usual = allCases.filter { $0 != .alone }

  var usesText: Bool { ![.t2avWithoutText, .v2aWithoutText, .a2vWithoutText, .codecs].contains(self) }

  /// Whether a video or a sound of the data set is given.
  var isGiven: Bool { [.v2a, .v2aWithoutText, .a2v, .a2vWithoutText].contains(self) }

  var title: String {
    switch self {
    case .t2av: "T2AV"
    case .t2avWithoutText: "T2AV without text"
    case .v2a: "V2A"
    case .v2aWithoutText: "V2A without text"
    case .a2v: "A2V"
    case .a2vWithoutText: "A2V without text"
    case .unimodal: "Unimodal"
    case .alone: "T2V and T2A"
    case .codecs: "reference through the codecs"
    }
  }

  /// How its clips come about, for the report.
  var conditions: String {
    switch self {
    case .t2av: "pictures and sound of one run from the text"
    case .t2avWithoutText: "pictures and sound of one run from nothing"
    case .v2a: "sound for the pictures of the reference and its text"
    case .v2aWithoutText: "sound for the pictures of the reference alone"
    case .a2v: "pictures for the sound of the reference and its text"
    case .a2vWithoutText: "pictures for the sound of the reference alone"
    case .unimodal: "pictures of one joint run and sound of another joint run from the same text"
    case .alone: "pictures of a run without sound and sound of a run without pictures from the same text"
    case .codecs: "pictures and sound of the reference, encoded and decoded"
    }
  }
}

struct SuiteOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "Generate for a data set first: scenes, which are rendered, or vggsound, landscape or aist from --data."
    ))
  var suite: EvaluationSuite?
  @Option(
    help: ArgumentHelp("The folder of the data set's clips.", valueName: "folder"), completion: .directory)
  var data: String?
  @Option(
    help: ArgumentHelp(
      """
      Only these variants, separated by commas: \(SuiteVariant.allCases.map(\.rawValue).joined(separator: ", ")). \
      Without it, all but \(SuiteVariant.alone.rawValue), which needs a model trained for t2a and t2v.
      """,
      valueName: "names"))
  var variants: String?
  @Option(
    help: ArgumentHelp(
      "Where clips and report go. Without it, a folder here that is named after suite and model.",
      valueName: "folder"),
    completion: .directory)
  var folder: String?
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Steps from noise to clip. Without it, the paper's 30; the model's own number for scenes.",
      valueName: "number"))
  var steps: Int?
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp(
      "Guidance scale. Without it, the paper's 5; the model's own number for scenes.", valueName: "number"))
  var guidance: Double?
  @OptionGroup var condition: ConditionGuidanceOptions
  @Option(
    parsing: .unconditional,
    help: ArgumentHelp("Seed of the first clip, the next one for the next.", valueName: "number"))
  var seed: UInt64 = 0

  func refuseWithoutSuite() throws {
    let given = [
      ("data", data != nil), ("variants", variants != nil), ("folder", folder != nil),
      ("steps", steps != nil),
      ("guidance", guidance != nil), ("condition-guidance", condition.isUsed), ("seed", seed != 0),
    ].filter(\.1).map(\.0)
    if let first = given.first {
      throw ValidationError("--\(first) needs --suite; clips are only generated there")
    }
  }

  func validate() throws {
    if let suite, suite != .scenes, data == nil {
      throw ValidationError("--suite \(suite.rawValue) needs the clips of the data set; give --data")
    }
    if let steps, !(1...1000).contains(steps) {
      throw ValidationError("--steps is \(steps); use a whole number from 1 to 1000")
    }
    if let guidance, !(guidance.isFinite && guidance >= 0) {
      throw ValidationError("--guidance is \(guidance); use 0 or more")
    }
    if seed > 1 << 32 { throw ValidationError("--seed is \(seed); use a number up to \(UInt64(1) << 32)") }
    _ = try chosenVariants()
  }

  func chosenVariants() throws -> [SuiteVariant] {
    guard let variants else { return SuiteVariant.usual }
    var chosen: [SuiteVariant] = []
    for name in variants.split(separator: ",").map({ $0.trimmingCharacters(in: .whitespaces) })
    where !name.isEmpty {
      guard let variant = SuiteVariant(rawValue: name) else {
        throw ValidationError(
          "--variants names '\(name)'; known are \(SuiteVariant.allCases.map(\.rawValue).joined(separator: ", "))"
        )
      }
      if !chosen.contains(variant) { chosen.append(variant) }
    }
    guard !chosen.isEmpty else {
      throw ValidationError("--variants names nothing; leave it out, or give names separated by commas")
    }
    return chosen
  }
}
