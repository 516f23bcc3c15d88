/// Comma-separated values as RFC 4180 has them: fields may be quoted, and quoted fields may hold commas, line breaks
/// and doubled quotes. Lines end in LF, CRLF or CR; a byte order mark is skipped.
package enum CSV {
  package struct Row {
    /// Of the file, on which it begins, from 1.
    package let line: Int
    package let fields: [String]
    /// False for a line with a quote that nothing closes: it ends where the line does.
    package var isClosed = true
  }

  /// All rows but blank lines. Works on bytes: lists of data sets have millions of lines.
  ///
  /// - Parameter separator: a tab for `.tsv`.
  package static func rows(of text: String, separator: Character = ",") -> [Row] {
    var text = text
    return text.withUTF8 { bytes in
      var parser = Parser(bytes: bytes, separator: separator.asciiValue ?? UInt8(ascii: ","))
      return parser.parse()
    }
  }

  /// One line, quoted where needed.
  package static func line(_ fields: [String]) -> String {
    fields.map { field in
      field.contains { ",\"".contains($0) || $0.isNewline }
        ? "\"" + field.replacing("\"", with: "\"\"") + "\"" : field
    }.joined(separator: ",") + "\n"
  }
}

private struct Parser {
  let bytes: UnsafeBufferPointer<UInt8>
  let separator: UInt8
  private var rows: [CSV.Row] = []
  private var fields: [String] = []
  private var field: [UInt8] = []
  private var isQuoted = false
  private var hasQuotes = false
  /// Where the last quote was opened, and on which line.
  private var opening = (index: 0, line: 1)
  private var line = 1
  private var start = 1

  init(bytes: UnsafeBufferPointer<UInt8>, separator: UInt8) {
    self.bytes = bytes
    self.separator = separator
  }

  private static let quote = UInt8(ascii: "\"")
  private static let (lineFeed, carriageReturn) = (UInt8(ascii: "\n"), UInt8(ascii: "\r"))

  mutating func parse() -> [CSV.Row] {
    var index = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
    while index < bytes.count {
      let byte = bytes[index]
      // Of the pair that ends lines elsewhere, the second counts.
      let isPair = byte == Self.carriageReturn && index + 1 < bytes.count && bytes[index + 1] == Self.lineFeed
      let endsLine = byte == Self.lineFeed || (byte == Self.carriageReturn && !isPair)
      index += 1
      if isQuoted {
        if byte != Self.quote {
          field.append(byte)
        } else if index < bytes.count, bytes[index] == Self.quote {
          field.append(byte)
          index += 1
        } else {
          isQuoted = false
        }
      } else if byte == Self.quote && !hasQuotes && field.allSatisfy(\.isBlank) {
        (isQuoted, hasQuotes) = (true, true)
        field.removeAll(keepingCapacity: true)
        opening = (index, line)
      } else if byte == separator {
        endField()
      } else if endsLine {
        endRow()
        start = line + 1
      } else if !isPair {
        field.append(byte)
      }
      if endsLine { line += 1 }
      if isQuoted && index == bytes.count { index = endUnclosedRow() }
    }
    if !field.isEmpty || !fields.isEmpty || hasQuotes { endRow() }
    return rows
  }

  private mutating func endField() {
    fields.append(String(decoding: field, as: UTF8.self))
    field.removeAll(keepingCapacity: true)
    hasQuotes = false
  }

  private mutating func endRow() {
    let isBlank = fields.isEmpty && !hasQuotes && field.allSatisfy(\.isBlank)
    endField()
    if !isBlank { rows.append(CSV.Row(line: start, fields: fields)) }
    fields = []
  }

  /// Nothing closes the quote: its line is bad, and those after it are read as if it were not there.
  /// - Returns: where they begin.
  private mutating func endUnclosedRow() -> Int {
    rows.append(CSV.Row(line: start, fields: fields, isClosed: false))
    fields = []
    field.removeAll()
    (isQuoted, hasQuotes) = (false, false)
    line = opening.line + 1
    start = line
    let rest = bytes[opening.index...].firstIndex(of: Self.lineFeed)
    return rest.map { $0 + 1 } ?? bytes.count
  }
}

extension UInt8 {
  fileprivate var isBlank: Bool { self == UInt8(ascii: " ") || (9...13).contains(self) }
}

extension String {
  package var strippingByteOrderMark: Substring {
    unicodeScalars.first == "\u{FEFF}" ? Substring(unicodeScalars.dropFirst()) : self[...]
  }
}
