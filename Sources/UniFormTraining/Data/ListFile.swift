internal import Foundation

/// A file that lists clips: separated values or plain lines.
struct ListFile: Sendable {
  let url: URL
  let text: String

  /// - Throws: ``DataError`` for what is no text.
  init(_ url: URL) throws(DataError) {
    guard let data = try? Data(contentsOf: url) else {
      throw .malformedList(file: url.relativePath, line: nil, reason: "it cannot be read; check the path")
    }
    guard let text = String(data: data, encoding: .utf8) else {
      throw .malformedList(file: url.relativePath, line: nil, reason: "it is no UTF-8 text; save it as UTF-8")
    }
    self.url = url
    self.text = text
  }

  var name: String { url.lastPathComponent.lowercased() }

  /// Fields without the space around them; comments (`#`) and blank lines are left out.
  var rows: [CSV.Row] {
    CSV.rows(of: text, separator: name.hasSuffix(".tsv") ? "\t" : ",").compactMap { row in
      let fields = row.fields.map { $0.trimmingCharacters(in: .whitespaces) }
      guard fields.first?.hasPrefix("#") != true else { return nil }
      return CSV.Row(line: row.line, fields: fields, isClosed: row.isClosed)
    }
  }

  var lines: [String] {
    text.strippingByteOrderMark.split(whereSeparator: \.isNewline)
      .map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty && !$0.hasPrefix("#") }
  }

  /// The rows that `read` understands, and the lines of those that it does not. A header is no harm.
  /// - Throws: ``DataError`` where it understands less than half of them.
  func entries<Entry>(
    _ expected: String, _ read: ([String]) -> Entry?
  ) throws(DataError) -> (understood: [Entry], unreadLines: [Int]) {
    let rows = rows
    var entries: [Entry] = []
    var unread: [Int] = []
    for (index, row) in rows.enumerated() {
      if let entry = read(row.fields) { entries.append(entry) } else if index > 0 { unread.append(row.line) }
    }
    guard entries.count * 2 >= rows.count - 1, !entries.isEmpty else {
      throw .malformedList(
        file: url.relativePath, line: unread.first ?? rows.first?.line, reason: "it does not read \(expected)"
      )
    }
    return (entries, unread)
  }

  /// A time in a field; nil for what is none, such as `nan`, which Swift would read.
  static func seconds(_ field: String) -> Double? {
    guard let seconds = Double(field), (0..<1e6).contains(seconds) else { return nil }
    return seconds
  }

  /// The split that its name tells.
  var split: String? {
    ["train", "test", "valid", "val", "eval"].first { name.contains($0) }.map(ClipList.splitName)
  }
}
