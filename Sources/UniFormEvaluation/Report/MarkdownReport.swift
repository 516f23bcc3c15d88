internal import Foundation

/// Reports as Markdown: the scores with their protocols, and tables in the paper's layout.
public struct MarkdownReport: Sendable {
  /// One after another, such as the tasks of a suite.
  public let reports: [EvaluationReport]
  /// Tables of the paper to show them in, each with the reports that are its rows.
  public let tables: [(table: PublishedTable, rows: [EvaluationReport])]
  /// Whether the paper's rows were measured on the same data.
  public let isSameData: Bool

  public init(
    _ reports: [EvaluationReport], tables: [(table: PublishedTable, rows: [EvaluationReport])] = [],
    isSameData: Bool = false
  ) {
    self.reports = reports
    self.tables = tables
    self.isSameData = isSameData
  }

  public var text: String {
    var lines: [String] = []
    for report in reports { lines += section(report) }
    for (table, rows) in tables { lines += section(table, rows) }
    return lines.joined(separator: "\n") + "\n"
  }

  private func section(_ report: EvaluationReport) -> [String] {
    var lines = ["# \(report.title)"]
    for paragraph in report.conditions { lines += ["", paragraph] }
    let table = report.scoreTable(protocols: false)
    lines += ["", Self.row(table.header), Self.rule(table.header.count)] + table.rows.map(Self.row)
    lines += ["", "Protocols:", ""] + report.scores.map { "- `\($0.metric)`" }
    if !report.missing.isEmpty {
      lines += ["", "Not computed:", ""] + report.missing.map { "- \($0.name): \($0.reason)" }
    }
    for (side, skipped) in [("generated", report.skippedGenerated), ("reference", report.skippedReference)]
    where !skipped.isEmpty {
      lines += ["", "Skipped, \(side):", ""]
      lines += skipped.map { "- \($0.clip)" + ($0.extractor.map { " for \($0)" } ?? "") + ": \($0.reason)" }
    }
    return lines + [""]
  }

  private func section(_ table: PublishedTable, _ rows: [EvaluationReport]) -> [String] {
    var lines = ["## Table \(table.number) of the paper: \(table.title)", ""]
    lines.append(
      isSameData
        ? "Rows marked † are published numbers, measured by others with protocols of their own."
        : "Rows marked † are published numbers on another data set: they show the layout and cannot be compared with ours."
    )
    lines += [
      "", Self.row(["Method"] + table.columns.map(\.title)),
      Self.rule(table.columns.count + 1),
    ]
    lines += table.rows.map { Self.row([$0.name + " †"] + $0.values) }
    lines += zip(rows, table.values(rows)).map { Self.row(["**\($0.title)**"] + $1) }
    return lines + [""]
  }

  private static func rule(_ columns: Int) -> String { "|" + String(repeating: "---|", count: columns) }

  private static func row(_ cells: [String]) -> String {
    "| " + cells.map { $0.replacing("|", with: "\\|") }.joined(separator: " | ") + " |"
  }
}
