import Foundation
import Testing

@testable import Torch

/// The alarm for a libtorch upgrade: every operator that the sources name, with its recorded schema.
@Suite struct OperatorSchemaTests {
  @Test func everyUsedOperatorHasItsRecordedSchema() throws {
    let here = URL(filePath: #filePath)
    let sources = here.deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
      .appending(path: "Sources")
    let recordFile = here.deletingLastPathComponent().appending(path: "OperatorSchemas.txt")
    var names: Set<String> = []
    let pattern = try Regex(#"Operator\("([a-z_:0-9]+[A-Za-z0-9_.]*)"\)"#, as: (Substring, Substring).self)
    let files = FileManager.default.enumerator(at: sources, includingPropertiesForKeys: nil)
    for case let file as URL in files! where file.pathExtension == "swift" {
      let text = try String(contentsOf: file, encoding: .utf8)
      for match in text.matches(of: pattern) { names.insert(String(match.output.1)) }
    }
    #expect(names.count > 100)
    let found = names.sorted().map { Operator($0).schema }.joined(separator: "\n") + "\n"
    // To record after an upgrade that was looked through: delete the file and run this test once.
    if !FileManager.default.fileExists(atPath: recordFile.path) {
      try found.write(to: recordFile, atomically: true, encoding: .utf8)
      Issue.record("recorded \(names.count) schemas anew; look through the difference and commit it")
    }
    #expect(found == (try String(contentsOf: recordFile, encoding: .utf8)))
  }
}
