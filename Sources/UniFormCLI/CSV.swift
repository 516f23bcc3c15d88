/// Comma-separated values as RFC 4180 has them: fields may be quoted, and quoted fields may hold commas, line breaks
/// and doubled quotes. Lines end in LF or CRLF; a byte order mark is skipped.
enum CSV {
  struct Row {
    /// Of the file, on which it begins, from 1.
    let line: Int
    let fields: [String]
    /// False for a line with a quote that nothing closes: it ends where the line does.
    var isClosed = true
  }

  /// All rows but blank lines.
  static func rows(of text: String) -> [Row] {
    var rows: [Row] = []
    var fields: [String] = []
    var field = ""
    var isQuoted = false
    var hasQuotes = false
    var line = 1
    var start = 1
    /// Where the last quote was opened, and on which line.
    var opening = (index: 0, line: 1)

    func endField() {
      fields.append(field)
      field = ""
      hasQuotes = false
    }
    func endRow() {
      let isBlank = fields.isEmpty && !hasQuotes && field.allSatisfy(\.isWhitespace)
      endField()
      if !isBlank { rows.append(Row(line: start, fields: fields)) }
      fields = []
    }

    let characters = Array(text.strippingByteOrderMark)
    var index = 0
    while index < characters.count {
      let character = characters[index]
      index += 1
      if isQuoted {
        if character != "\"" {
          field.append(character)
        } else if index < characters.count, characters[index] == "\"" {
          field.append("\"")
          index += 1
        } else {
          isQuoted = false
        }
      } else if character == "\"" && field.allSatisfy(\.isWhitespace) && !hasQuotes {
        (field, isQuoted, hasQuotes) = ("", true, true)
        opening = (index, line)
      } else if character == "," {
        endField()
      } else if character.isNewline {
        endRow()
        start = line + 1
      } else {
        field.append(character)
      }
      if character.isNewline { line += 1 }
      if isQuoted && index == characters.count {
        // Nothing closes the quote: its line is bad, and those after it are read as if it were not there.
        rows.append(Row(line: start, fields: fields, isClosed: false))
        (fields, field, isQuoted, hasQuotes) = ([], "", false, false)
        index = characters[opening.index...].firstIndex(where: \.isNewline).map { $0 + 1 } ?? index
        line = opening.line + 1
        start = line
      }
    }
    if !field.isEmpty || !fields.isEmpty || hasQuotes { endRow() }
    return rows
  }

  /// One line, quoted where needed.
  static func line(_ fields: [String]) -> String {
    fields.map { field in
      field.contains { ",\"".contains($0) || $0.isNewline }
        ? "\"" + field.replacing("\"", with: "\"\"") + "\"" : field
    }.joined(separator: ",") + "\n"
  }
}

extension String {
  var strippingByteOrderMark: Substring {
    unicodeScalars.first == "\u{FEFF}" ? Substring(unicodeScalars.dropFirst()) : self[...]
  }
}
