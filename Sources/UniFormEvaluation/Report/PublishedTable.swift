internal import Foundation

/// A results table of the paper (arXiv 2502.03897), to show scores in its layout beside what it published.
public struct PublishedTable: Sendable, Equatable {
  public struct Column: Sendable, Equatable {
    /// As the paper heads it.
    public let title: String
    /// The metrics that are this number, the first that was computed counts.
    let metrics: [String]

    func score(_ report: EvaluationReport) -> Score? {
      metrics.lazy.compactMap { name in report.scores.first { $0.name == name } }.first
    }
  }

  public let number: Int
  public let title: String
  public let columns: [Column]
  /// A dash where the paper has none.
  public let rows: [(name: String, values: [String])]

  public static func == (a: PublishedTable, b: PublishedTable) -> Bool {
    a.number == b.number && a.title == b.title
  }

  private static let fad = Column(title: "FAD↓", metrics: ["FAD"])
  private static let fd = Column(title: "FD↓", metrics: ["FD"])
  private static let soundIS = Column(title: "IS↑", metrics: ["IS"])
  private static let kl = Column(title: "KL↓", metrics: ["KL"])
  private static let fvd = Column(title: "FVD↓", metrics: ["FVD"])
  private static let kvd = Column(title: "KVD↓", metrics: ["KVD"])
  private static let videoIS = Column(title: "IS↑", metrics: ["IS-C3D-UCF101"])
  private static let align = Column(title: "AV-align↑", metrics: ["AV-Align (old)"])

  public static let all: [PublishedTable] = [
    PublishedTable(
      number: 1, title: "V2A, VGGSound", columns: [fad, fd, soundIS, kl, align],
      rows: [
        ("SpecVQGAN", ["5.42", "31.69", "5.23", "3.37", "0.417"]),
        ("Diff-Foley", ["4.72", "23.94", "11.11", "3.38", "0.386"]),
        ("V-AURA", ["2.88", "14.80", "10.08", "2.42", "0.366"]),
        ("VATT", ["2.77", "10.63", "11.90", "1.48", "–"]),
        ("Frieren", ["1.34", "11.45", "12.25", "2.73", "0.422"]),
        ("FoleyCrafter", ["2.51", "16.24", "15.68", "2.30", "0.403"]),
        ("UniForm (paper)", ["1.30", "6.21", "15.43", "2.46", "0.430"]),
      ]),
    PublishedTable(
      number: 2, title: "A2V, Landscape", columns: [fvd, videoIS, align],
      rows: [
        ("MM-Diffusion", ["922", "2.85", "0.410"]), ("TempoToken", ["784", "4.49", "0.540"]),
        ("Sound-guided Video Generation", ["544", "1.16", "–"]), ("TPoS", ["421", "1.49", "–"]),
        ("UniForm (paper)", ["219", "4.61", "0.497"]),
      ]),
    PublishedTable(
      number: 3, title: "T2AV, Landscape", columns: [fad, fvd, kvd, align],
      rows: [
        ("MM-Diffusion", ["10.61", "186", "9.21", "0.261"]), ("AV-DiT", ["11.17", "172", "15.41", "–"]),
        ("MMDisCo", ["5.52", "405", "–", "–"]), ("UniForm (paper)", ["2.35", "181", "9.45", "0.308"]),
      ]),
    PublishedTable(
      number: 3, title: "T2AV, AIST++", columns: [fad, fvd, kvd, align],
      rows: [
        ("MM-Diffusion", ["10.58", "98", "18.90", "0.273"]), ("AV-DiT", ["10.17", "68", "21.01", "–"]),
        ("MMDisCo", ["2.17", "450", "–", "–"]), ("UniForm (paper)", ["1.23", "76", "17.24", "0.288"]),
      ]),
    PublishedTable(
      number: 4, title: "V2A, VGGSound, against a non-unified method",
      columns: [fad, fd, soundIS, kl, align],
      rows: [
        ("Seeing&Hearing", ["5.40", "24.58", "8.58", "2.26", "0.411"]),
        ("UniForm (paper)", ["1.30", "6.21", "15.43", "2.46", "0.430"]),
      ]),
    PublishedTable(
      number: 4, title: "A2V, VGGSound, against a non-unified method", columns: [fvd, kvd, videoIS, align],
      rows: [
        ("Seeing&Hearing", ["402", "34.76", "–", "0.522"]),
        ("UniForm (paper)", ["92", "8.05", "9.50", "0.483"]),
      ]),
    PublishedTable(
      number: 4, title: "T2AV, Landscape, against a non-unified method", columns: [fad, fvd, kvd, align],
      rows: [
        ("Seeing&Hearing", ["12.76", "326", "9.20", "0.283"]),
        ("UniForm (paper)", ["2.35", "181", "9.45", "0.308"]),
      ]),
    PublishedTable(
      number: 5, title: "V2A, influence of text", columns: [fad, fd, soundIS, kl, align],
      rows: [
        ("UniForm without text (paper)", ["2.93", "12.66", "6.26", "3.14", "0.433"]),
        ("UniForm with text (paper)", ["1.30", "6.21", "15.43", "2.46", "0.430"]),
      ]),
    // The paper heads the second column FVD, too; its magnitude and place are those of KVD in table 4.
    PublishedTable(
      number: 5, title: "A2V, influence of text", columns: [fvd, kvd, videoIS, align],
      rows: [
        ("UniForm without text (paper)", ["545", "42.96", "3.01", "0.329"]),
        ("UniForm with text (paper)", ["219", "14.31", "4.61", "0.497"]),
      ]),
    PublishedTable(
      number: 6, title: "joint against unimodal generation, VGGSound", columns: [align],
      rows: [("Unimodal (paper)", ["0.303"]), ("UniForm (paper)", ["0.374"])]),
    PublishedTable(
      number: 6, title: "joint against unimodal generation, Landscape", columns: [align],
      rows: [("Unimodal (paper)", ["0.260"]), ("UniForm (paper)", ["0.308"])]),
    PublishedTable(
      number: 6, title: "joint against unimodal generation, AIST++", columns: [align],
      rows: [("Unimodal (paper)", ["0.265"]), ("UniForm (paper)", ["0.288"])]),
  ]

  /// The scores of each report under the headings of the table; a dash where one was not computed. They have their number
  /// of clips with them where it is not the same in the whole table.
  func values(_ reports: [EvaluationReport]) -> [[String]] {
    let scores = reports.map { report in columns.map { $0.score(report) } }
    let counts = Set(scores.joined().compactMap { $0?.generatedCount })
    func text(_ score: Score?) -> String {
      guard let score else { return "–" }
      return score.value.shortText + (counts.count > 1 ? " (N \(score.generatedCount))" : "")
    }
    return scores.map { $0.map(text) }
  }
}

extension Double {
  /// Four digits that count.
  var shortText: String {
    let magnitude = abs(self)
    let digits = magnitude >= 1000 ? 0 : magnitude >= 100 ? 1 : magnitude >= 10 ? 2 : magnitude >= 1 ? 3 : 4
    return formatted(
      .number.precision(.fractionLength(digits)).grouping(.never).locale(.init(identifier: "en_US_POSIX")))
  }
}
