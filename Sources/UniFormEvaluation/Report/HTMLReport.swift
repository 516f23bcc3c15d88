public import Foundation

/// Reports as one page that needs nothing else: tables, distributions of scores over clips, and the best and worst clips.
public struct HTMLReport: Sendable {
  /// A clip to look at, drawn as a sheet.
  public struct Exhibit: Sendable {
    public let caption: String
    public let png: Data

    public init(caption: String, png: Data) {
      self.caption = caption
      self.png = png
    }
  }

  public let markdown: MarkdownReport
  /// By title of the report.
  public let exhibits: [String: [Exhibit]]

  public init(_ markdown: MarkdownReport, exhibits: [String: [Exhibit]] = [:]) {
    self.markdown = markdown
    self.exhibits = exhibits
  }

  public var text: String {
    let title = markdown.reports.first?.title ?? "Evaluation"
    var body = ""
    for report in markdown.reports { body += section(report) }
    for (table, rows) in markdown.tables { body += section(table, rows) }
    return """
      <!DOCTYPE html>
      <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
      <title>\(title.escaped)</title><style>\(Self.style)</style></head><body>
      \(body)</body></html>

      """
  }

  private func section(_ report: EvaluationReport) -> String {
    var html = "<h1>\(report.title.escaped)</h1>\n"
    for paragraph in report.conditions { html += "<p>\(paragraph.escaped)</p>\n" }
    let table = report.scoreTable(protocols: true)
    html += Self.table(table.header, table.rows)
    let shown = report.scores.filter { ($0.clips?.count ?? 0) > 1 }
    if !shown.isEmpty {
      html +=
        "<h2>Over the clips</h2>\n<div class=\"plots\">" + shown.map(Self.histogram).joined() + "</div>\n"
    }
    let curves = report.scores.filter { $0.curve != nil }
    if !curves.isEmpty {
      html += "<h2>Over the tolerance</h2>\n"
      html += Self.table(
        ["metric"] + (curves[0].curve ?? []).map { "±\(Int(($0.at * 1000).rounded())) ms" },
        curves.map { [$0.name] + ($0.curve ?? []).map(\.value.shortText) })
    }
    if let exhibits = exhibits[report.title], !exhibits.isEmpty {
      html += "<h2>Best and worst clips</h2>\n"
      for exhibit in exhibits {
        html +=
          "<figure><img alt=\"\(exhibit.caption.escaped)\" src=\"data:image/png;base64,"
          + exhibit.png.base64EncodedString()
          + "\"><figcaption>\(exhibit.caption.escaped)</figcaption></figure>\n"
      }
    }
    if !report.missing.isEmpty {
      html += "<h2>Not computed</h2>\n"
      html += Self.table(["metric", "reason"], report.missing.map { [$0.name, $0.reason] })
    }
    let skipped =
      report.skippedGenerated.map { ["generated", $0.clip, $0.extractor ?? "all", $0.reason] }
      + report.skippedReference.map { ["reference", $0.clip, $0.extractor ?? "all", $0.reason] }
    if !skipped.isEmpty {
      html += "<h2>Skipped</h2>\n" + Self.table(["side", "clip", "for", "reason"], skipped)
    }
    return html
  }

  private func section(_ table: PublishedTable, _ rows: [EvaluationReport]) -> String {
    let note =
      markdown.isSameData
      ? "Rows marked † are published numbers, measured by others with protocols of their own."
      : "Rows marked † are published numbers on another data set: they show the layout and cannot be compared with ours."
    let published = table.rows.map { [$0.name + " †"] + $0.values }
    let own = zip(rows, table.values(rows)).map { [$0.title] + $1 }
    return "<h2>Table \(table.number) of the paper: \(table.title.escaped)</h2>\n<p>\(note)</p>\n"
      + Self.table(["Method"] + table.columns.map(\.title), published + own)
  }

  private static func table(_ header: [String], _ rows: [[String]]) -> String {
    func cells(_ values: [String], _ tag: String) -> String {
      "<tr>" + values.map { "<\(tag)>\($0.escaped)</\(tag)>" }.joined() + "</tr>\n"
    }
    return "<div class=\"wide\"><table>\n" + cells(header, "th") + rows.map { cells($0, "td") }.joined()
      + "</table></div>\n"
  }

  /// How many clips have which score, in twelve bins.
  private static func histogram(_ score: Score) -> String {
    let values = (score.clips ?? [:]).values.sorted()
    let (low, high) = (values.first ?? 0, values.last ?? 1)
    let span = high > low ? high - low : 1
    var bins = [Int](repeating: 0, count: 12)
    for value in values { bins[min(11, Int((value - low) / span * 12))] += 1 }
    let most = max(1, bins.max() ?? 1)
    let bars = bins.enumerated().map { index, count in
      let height = 80 * Double(count) / Double(most)
      return
        "<rect x=\"\(index * 18)\" y=\"\((80 - height).shortText)\" width=\"16\" height=\"\(height.shortText)\">"
        + "<title>\(count) clips</title></rect>"
    }
    return "<figure><svg viewBox=\"0 0 216 96\" width=\"216\" height=\"96\">" + bars.joined()
      + "<text x=\"0\" y=\"94\">\(low.shortText)</text><text x=\"214\" y=\"94\" text-anchor=\"end\">\(high.shortText)</text>"
      + "</svg><figcaption>\(score.name.escaped), \(values.count) clips</figcaption></figure>"
  }

  private static let style = """
    body{font:15px/1.5 system-ui,sans-serif;color:#1c1c22;max-width:1180px;margin:2em auto;padding:0 1em}
    h1{font-size:1.5em;margin-top:2em}h2{font-size:1.15em;margin-top:1.6em}
    table{border-collapse:collapse;font-variant-numeric:tabular-nums}.wide{overflow-x:auto}
    th,td{text-align:left;padding:.25em .9em .25em 0;border-bottom:1px solid #ddd;vertical-align:top}
    td:last-child{color:#6c6c78}figure{margin:1em 0}figcaption{color:#6c6c78;font-size:.9em}
    img{max-width:100%}.plots{display:flex;flex-wrap:wrap;gap:1em 2em}rect{fill:#5b4fc7}text{font-size:11px;fill:#6c6c78}
    """
}

extension String {
  /// As text of HTML.
  fileprivate var escaped: String {
    replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
      .replacing("\"", with: "&quot;")
  }
}
