import Foundation
import Testing

/// `Docs/PaperMap.md` says where each part of the paper lives; these tests keep it true.
struct PaperMapTests {
  let map: PaperMap

  init() throws { map = try PaperMap() }

  @Test(arguments: 1...12)
  func everyEquationIsMapped(number: Int) throws {
    let row = try #require(map.rows(of: "Equations").first { $0.hasPrefix("| (\(number)) |") })
    #expect(!PaperMap.symbols(in: row).isEmpty, "equation \(number) leads nowhere")
  }

  @Test(arguments: [
    "17 fps", "256 × 256", "16 kHz", "4 s", "30 inference steps", "guidance 5", "50 %", "batch size 32",
    "230 epochs", "1 × 10⁻⁴", "1000 steps", "Table 1", "Table 2", "Table 3", "Table 4", "Table 5", "Table 6",
  ])
  func everyNumberIsMapped(number: String) {
    #expect(map.rows(of: "Numbers").contains { $0.split(separator: "|")[0].contains(number) })
  }

  @Test(arguments: ["Equations", "Figures", "Numbers", "Silent"])
  func everyRowNamesCodeOrSaysWhyThereIsNone(section: String) {
    let rows = map.rows(of: section)
    #expect(!rows.isEmpty)
    for row in rows {
      #expect(!PaperMap.symbols(in: row).isEmpty || row.contains("not reproduced"), "\(row)")
    }
  }

  @Test func everyNamedSymbolIsDeclaredInItsFile() throws {
    for symbol in PaperMap.symbols(in: map.text) {
      let source = try? String(contentsOf: map.url(symbol.path), encoding: .utf8)
      guard let source else {
        Issue.record("\(symbol.path) does not exist")
        continue
      }
      let isDeclared = symbol.isDeclared(in: source)
      #expect(isDeclared, "\(symbol.path) does not declare \(symbol.name)")
    }
  }

  @Test func everyOtherLinkLeadsToAFile() {
    for match in map.text.matches(of: #/\]\(([^):]+)\)/#) {
      let isThere = FileManager.default.fileExists(atPath: map.url(String(match.1)).path)
      #expect(isThere, "\(match.1) does not exist")
    }
  }

  @Test(arguments: [
    ("Outer.inner", true), ("Outer.second", true), ("Outer.run", true), ("Outer.init", true),
    ("other", true), ("Outer.fast", true), ("Outer.gone", false), ("Elsewhere.inner", false),
    ("Mentioned", false),
  ])
  func declarationsAreToldFromMentions(name: String, isDeclared: Bool) {
    let source = """
      /// Like struct Mentioned, whose var gone is no more.
      public struct Outer<Value> {
        let inner, second: Mentioned
        case fast
        init(_ value: Value) {}
        static func run() { gone() }
      }
      func other() {}
      """
    #expect(PaperMap.Symbol(name: name, path: "Outer.swift").isDeclared(in: source) == isDeclared)
  }
}

/// The text of the map and what it names.
struct PaperMap {
  struct Symbol {
    /// `Type.member`, or a key of a JSON file.
    let name: String
    /// Relative to the folder of the map.
    let path: String

    func isDeclared(in source: String) -> Bool {
      if path.hasSuffix(".json") { return source.contains("\"\(name)\"") }
      let lines = source.split(separator: "\n").filter { !$0.drop(while: \.isWhitespace).hasPrefix("//") }
      let code = lines.joined(separator: "\n")
      return name.split(separator: ".").allSatisfy { part in
        let kinds = "struct|class|enum|actor|protocol|extension|typealias|func|var|let|case"
        let declaration = #"(\b(\#(kinds))\s+([\w.]+,\s+)*([\w]+\.)*\#(part)\b)"#
        let initializer = part == "init" ? #"|\binit[?(<]"# : ""
        return code.range(of: declaration + initializer, options: .regularExpression) != nil
      }
    }
  }

  static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "Docs")

  let text: String

  init() throws { text = try String(contentsOf: Self.folder.appending(path: "PaperMap.md"), encoding: .utf8) }

  func url(_ path: String) -> URL { Self.folder.appending(path: path).standardizedFileURL }

  /// The rows of the table below a heading, without its head.
  func rows(of section: String) -> [Substring] {
    text.split(separator: "\n").drop { $0 != "## \(section)" }.dropFirst()
      .prefix { !$0.hasPrefix("## ") }.filter { $0.hasPrefix("|") }.dropFirst(2).map(\.self)
  }

  static func symbols(in text: some StringProtocol) -> [Symbol] {
    String(text).matches(of: #/\[`([\w.]+)`\]\(([^)]+)\)/#).map {
      Symbol(name: String($0.1), path: String($0.2))
    }
  }
}
