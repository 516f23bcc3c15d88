import Foundation
import Testing

@testable import UniFormTraining

@Suite struct CSVTests {
  private func fields(_ text: String) -> [[String]] { CSV.rows(of: text).map(\.fields) }

  static let tables: [(String, [[String]])] = [
    ("a,b\n1,2\n", [["a", "b"], ["1", "2"]]),
    ("a,b\r\n1,2\r\n", [["a", "b"], ["1", "2"]]),
    ("a,b", [["a", "b"]]),
    ("\u{FEFF}a,b\n1,2", [["a", "b"], ["1", "2"]]),
    ("\"a,b\",\"say \"\"hi\"\"\"\n", [["a,b", "say \"hi\""]]),
    ("\"two\nlines\",x\n", [["two\nlines", "x"]]),
    ("a,,\n", [["a", "", ""]]),
    ("\n\na\n\n", [["a"]]),
    ("\"\"\n", [[""]]),
    ("été,雨\n", [["été", "雨"]]),
    ("", []),
  ]

  @Test(arguments: tables)
  func `reads fields as written`(text: String, expected: [[String]]) {
    #expect(fields(text) == expected)
  }

  @Test func `counts lines of the file, also those inside quotes`() {
    let rows = CSV.rows(of: "a\r\n\"x\r\ny\"\r\n\r\nb\r\n")
    #expect(rows.map(\.line) == [1, 2, 5])
  }

  @Test(arguments: ["plain", "a,b", "say \"hi\"", "two\nlines", "", "雨"])
  func `what is written is read again`(field: String) {
    #expect(fields(CSV.line([field, "x"])) == [[field, "x"]])
  }

  @Test func `reads values between tabs, and ends of lines of every kind`() {
    let rows = CSV.rows(of: "a,b\tc\r1\t2\n3\t4", separator: "\t")
    #expect(rows.map(\.fields) == [["a,b", "c"], ["1", "2"], ["3", "4"]])
    #expect(rows.map(\.line) == [1, 2, 3])
  }
}
