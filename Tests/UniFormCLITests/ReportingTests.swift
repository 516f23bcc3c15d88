import Foundation
import Synchronization
import Testing

@testable import UniFormCLI

@Suite struct ReportingTests {
  /// Everything a reporter of `style` writes while ten steps pass, one each half second.
  private func output(_ style: Reporter.Style) -> String {
    let text = Mutex("")
    let reporter = Reporter(style) { part in text.withLock { $0 += part } }
    let start = ContinuousClock.now
    for step in 0...10 {
      reporter.progress("denoising", completed: step, total: 10, now: start + .milliseconds(500 * step))
    }
    reporter.note("done")
    return text.withLock { $0 }
  }

  @Test func `logs get a line for each tenth, with rate and time left`() {
    let lines = output(.plain).split(separator: "\n")
    #expect(lines.count == 12)
    #expect(lines.first == "Denoising: 0 of 10")
    #expect(lines[4] == "Denoising: 4 of 10, 2.0 steps/s, 3 s left")
  }

  @Test func `a terminal gets one line that is drawn anew and taken away`() {
    let text = output(.terminal)
    #expect(text.split(separator: "\n").count == 1)
    #expect(text.contains("5/10, 2.0 steps/s, 3 s left"))
    #expect(text.hasSuffix("\r\u{1B}[Kdone\n"))
  }

  @Test func `bytes are written as sizes`() {
    let line = ProgressLine(
      stage: "downloading", completed: 1_500_000, total: 3_000_000_000, unit: "bytes", rate: 250_000_000)
    #expect(line.text == "Downloading: 1.5 MB of 3.0 GB, 250.0 MB/s, 12 s left")
    #expect(line.bar(columns: 200).hasSuffix("░ 1.5 MB/3.0 GB, 250.0 MB/s, 12 s left"))
    #expect(
      [200, 80, 60, 50, 20, 1].map { line.bar(columns: $0).count < $0 } == [
        true, true, true, true, true, true,
      ])
    #expect(line.bar(columns: 30).hasPrefix("Downloading 1.5 MB/3.0 GB"))
  }

  @Test func `programs get objects`() throws {
    let last = try #require(output(.json).split(separator: "\n").last)
    let event = try #require(try JSONSerialization.jsonObject(with: Data(last.utf8)) as? [String: Any])
    #expect(event["step"] as? Int == 10)
    #expect(event["rate"] as? Double == 2)
    #expect(event["seconds_left"] as? Double == 0)
  }

  @Test func `quiet is quiet`() { #expect(output(.quiet) == "") }

  @Test(arguments: [
    (0.2, "1 s"), (59, "59 s"), (60, "1 min 00 s"), (125.5, "2 min 06 s"), (7620, "2 h 07 min"),
  ])
  func `durations read well`(seconds: Double, text: String) {
    #expect(ProgressLine.duration(seconds) == text)
  }

  @Test(arguments: [(0, "0 bytes"), (999, "999 bytes"), (1000, "1.0 kB"), (999_960, "1.0 MB")])
  func `sizes read well`(bytes: Int, text: String) { #expect(bytes.byteSize == text) }

  @Test(arguments: [(0, "0"), (999, "999"), (1000, "1,000"), (-1_234_567, "-1,234,567")])
  func `large numbers are grouped`(number: Int, text: String) { #expect(number.grouped == text) }

  @Test func `models are looked for in the environment first, then beside the executable`() {
    let folders = ModelLocation.folders(
      environment: ["UNIFORM_MODELS": "/a:/b"], executable: URL(filePath: "/x/y/bin/uniform"))
    #expect(folders.map(\.path).prefix(5) == ["/a", "/b", "/x/y/bin/Models", "/x/y/Models", "/x/Models"])
  }

  @Test func `messages are one line whatever they hold`() {
    #expect(CommandFailure("a\nb\u{1B}[31m\tc\r\n", .usage).description == "a b [31m c")
  }
}
