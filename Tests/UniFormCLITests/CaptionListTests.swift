import Foundation
import Testing

@testable import UniFormCLI

@Suite struct CaptionListTests {
  private func captions(_ text: String) throws -> [String: String] {
    let url = FileManager.default.temporaryDirectory.appending(path: "\(UUID().uuidString).csv")
    defer { try? FileManager.default.removeItem(at: url) }
    try Data(text.utf8).write(to: url)
    return try CaptionList.read(url)
  }

  @Test func `a start is part of the name of a clip in all its spellings`() throws {
    let list = try captions("abc,30,dog,train\n")
    #expect(list == ["abc_000030": "dog", "abc_30": "dog", "abc_30000_40000": "dog"])
  }

  @Test(arguments: ["nan", "inf", "1e300", "-1", "soon"])
  func `what is no start leaves the name as it is`(start: String) throws {
    #expect(try captions("abc,\(start),dog,train\n") == ["abc": "dog"])
    #expect(try captions("file_name,text,start\nabc.mp4,dog,\(start)\n") == ["abc": "dog"])
  }
}
