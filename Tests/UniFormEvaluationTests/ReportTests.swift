import Foundation
import Testing

@testable import UniFormEvaluation

/// What reports say beside their numbers.
@Suite struct ReportTests {
  private func report(_ scores: Score...) throws -> EvaluationReport {
    let side = #"{"folder": "f", "clips": 4, "readable": 4, "list_sha256": ""}"#
    let json = """
      {"schema": "", "version": "1.2.3", "title": "ours", "generated": \(side), "reference": \(side),
        "pairs": {"count": 3, "generated_without_partner": ["a"], "reference_without_partner": ["b"]},
        "clip_seconds": 4, "scores": [], "not_computed": [], "skipped_generated": [], "skipped_reference": [],
        "seconds": 1}
      """
    var report = try JSONDecoder().decode(EvaluationReport.self, from: Data(json.utf8))
    report.scores = scores
    return report
  }

  private func score(_ name: String, _ value: Double, of count: Int) -> Score {
    var score = Score(value, generated: count)
    (score.name, score.metric) = (name, "\(name)/protocol")
    return score
  }

  @Test func pagesStateTheConditions() throws {
    var aligned = score("AV-Align (old)", 0.4, of: 4)
    aligned.excluded = 37
    var report = try report(aligned)
    report.settings = ["conditions": "sound for pictures", "first_seed": "7", "weights": "00ff"]
    report.leaveOut([.init(clip: "mute", reason: "it has no sound")])
    #expect(report.skippedAny)
    let markdown = MarkdownReport([report])
    for text in [markdown.text, HTMLReport(markdown).text] {
      #expect(
        text.contains(
          "4 of 5 generated clips against 4 of 5 reference clips, the first 4 s of each. UniForm 1.2.3."))
      #expect(text.contains("3 pairs. Without a partner: 1 generated (a); 1 reference (b)."))
      #expect(text.contains("Conditions: sound for pictures."))
      #expect(text.contains("Settings: first seed 7; weights 00ff."))
      #expect(text.contains("excluded") && text.contains("37"))
      #expect(text.contains("mute") && text.contains("it has no sound"))
    }
  }

  @Test func countsStandWhereTheyDiffer() throws {
    var ours = try report(score("FAD", 1, of: 50), score("AV-Align (old)", 0.4, of: 45))
    ours.setCeilings(from: try report(score("FAD", 0.5, of: 50), score("AV-Align (old)", 0.6, of: 48)))
    #expect(
      ours.scores.map(\.ceiling) == [0.5, 0.6] && ours.ceilingCounts == ["AV-Align (old)/protocol": 48])
    let text = MarkdownReport([ours]).text
    #expect(text.contains("| 0.5000 |") && text.contains("| 0.6000 (N 48) |"))
    let table = PublishedTable.all[0]
    #expect(table.values([ours]) == [["1.000 (N 50)", "–", "–", "–", "0.4000 (N 45)"]])
    let even = try report(score("FAD", 1, of: 50), score("AV-Align (old)", 0.4, of: 50))
    #expect(table.values([even, even])[1] == ["1.000", "–", "–", "–", "0.4000"])
    #expect(table.values([even, ours])[0] == ["1.000 (N 50)", "–", "–", "–", "0.4000 (N 50)"])
  }
}
