import Foundation
import Testing

@testable import UniFormCLI
@testable import UniFormTraining

@Suite struct BatchFileTests {
  private func csv(_ text: String) throws -> [BatchFile.Row] {
    try BatchFile(csv: text, name: "list.csv").rows
  }

  @Test func `reads the columns in any order, and leaves out what is empty`() throws {
    let rows = try csv("output,seed,prompt\r\na.mp4,7,\"rain, heavy\"\r\nb.mp4,,\r\n")
    var first = BatchEntry(output: "a.mp4")
    (first.seed, first.prompt) = (7, "rain, heavy")
    #expect(rows.map(\.line) == [2, 3])
    let entries = try rows.map { try $0.content.get() }
    #expect(entries == [first, BatchEntry(output: "b.mp4")])
  }

  @Test func `a bad line is bad for itself alone`() throws {
    let rows = try csv("prompt,seed,output\nrain,x,a.mp4\nrain\nrain,1,\nrain,2,d.mp4\n")
    let outputs: [String?] = rows.map { try? $0.content.get().output }
    #expect(outputs == [nil, nil, nil, "d.mp4"])
    #expect(rows.map(\.line) == [2, 3, 4, 5])
  }

  @Test func `a quote that is never closed is bad for its line alone`() throws {
    let rows = try csv("prompt,output\n\"rain,a.mp4\nwind,b.mp4\nbell,c.mp4\n")
    #expect(rows.map(\.line) == [2, 3, 4])
    #expect(rows[0].content == .failure(CommandFailure("a quote is never closed", .badData)))
    #expect(try rows[2].content.get().output == "c.mp4")
    #expect(CSV.rows(of: "a,\"").map(\.isClosed) == [false])
  }

  @Test(arguments: ["", "prompt\nx\n", "prompt,colour,output\n", "output,output\n"])
  func `refuses a header that cannot be used`(text: String) {
    #expect(throws: CommandFailure.self) { try csv(text) }
  }

  @Test func `reads one object per line`() throws {
    let text = """
      \u{FEFF}{"prompt": "été", "output": "a.mp4", "seed": 18446744073709551615}

      {"prompt": 3, "output": "b.mp4"}
      {"output": "c.mp4", "video": null, "audio": "x.wav"}
      [1]
      {"output": "d.mp4", "colour": "red"}
      {"output": "e.mp4", "prompt": "rain", "seed": true}
      {"output": "f.mp4", "prompt": "rain", "seed": 1}
      """
    let rows = BatchFile(jsonLines: text).rows
    #expect(rows.map(\.line) == [1, 3, 4, 5, 6, 7, 8])
    #expect(try rows[0].content.get().seed == .max)
    #expect(try rows[0].content.get().prompt == "été")
    #expect(try rows[2].content.get().audio == "x.wav")
    let areGood: [Bool] = rows.map { (try? $0.content.get()) != nil }
    #expect(areGood == [true, false, true, false, false, false, true])
  }

  @Test func `only a line feed ends an object`() throws {
    let prompt = "rain\u{2028}on\u{2029}a\u{85}roof"
    let text = "{\"prompt\": \"\(prompt)\", \"output\": \"a.mp4\"}\r\n\r\n{\"output\": \"b.mp4\"}\r\n"
    let rows = BatchFile(jsonLines: text).rows
    #expect(rows.map(\.line) == [1, 3])
    #expect(try rows[0].content.get().prompt == prompt)
  }
}
