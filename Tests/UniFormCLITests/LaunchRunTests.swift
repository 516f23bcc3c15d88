import Foundation
import Testing

/// Several real processes that train together.
@Suite(.serialized) struct LaunchRunTests {
  let place: Workplace

  init() throws { place = try Workplace(model: true) }

  @Test func `two processes give the curve of one, and one goes on from them`() async throws {
    try place.prepareTraining(steps: 6)
    #expect(try await place.program("train", "train.json", "--set", "run=one").status == 0)
    let result = try await place.program(
      "launch", "-n", "2", "--", "train", "train.json", "--set", "optimization.steps=4")
    #expect(result.status == 0, "\(result.errors)")
    let resumed = try await place.program("train", "train.json", "--set", "workers=2")
    #expect(resumed.status == 0, "\(resumed.errors)")
    let (one, two) = (try place.losses("one"), try place.losses())
    #expect(two.map(\.step) == Array(1...6))
    for (a, b) in zip(one, two) { #expect(abs(a.loss - b.loss) < 1e-4 * a.loss) }
  }

  @Test func `a process that dies ends the others with its reason`() async throws {
    try place.prepareTraining(steps: 100_000)
    let text = try await launched(disturbing: 0, with: SIGKILL)
    #expect(text.contains("of 2 was killed by signal 9; the others were stopped"), "\(text)")
    #expect(text.contains("lost the others"), "\(text)")
  }

  /// Whichever it is: the first keeps the signs of life of all.
  @Test(arguments: [0, 1]) func `a process that hangs ends the others after the timeout`(rank: Int)
    async throws
  {
    try place.prepareTraining(steps: 100_000, settings: ["timeout": 3])
    let text = try await launched(disturbing: rank, with: SIGSTOP)
    #expect(
      text.contains(
        "worker \(1 - rank) of 2 lost the others: worker \(rank) has given no sign of life for 3 s"),
      "\(text)")
  }

  /// What a job of two processes says that never ends, once it trains and one of them gets a signal.
  private func launched(disturbing rank: Int, with signal: Int32) async throws -> String {
    let (process, output, errors) = place.program.process(["launch", "-n", "2", "--", "train", "train.json"])
    try process.run()
    let launcher = process.processIdentifier
    let metrics = place.file("run/metrics.jsonl")
    DispatchQueue.global().async {
      while process.isRunning && ((try? Data(contentsOf: metrics).count) ?? 0) < 300 { usleep(20_000) }
      let members = Self.children(of: launcher).sorted()
      if members.indices.contains(rank) { kill(members[rank], signal) }
    }
    let text: String = await withCheckedContinuation { continuation in
      DispatchQueue.global().async {
        let text = errors.fileHandleForReading.readDataToEndOfFile()
        _ = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        continuation.resume(returning: String(decoding: text, as: UTF8.self))
      }
    }
    #expect(process.terminationStatus == (signal == SIGKILL ? 70 : 69), "\(text)")
    #expect(Self.children(of: launcher).isEmpty)
    return text
  }

  private static func children(of parent: Int32) -> [Int32] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    return names.compactMap { Int32($0) }.filter { identifier in
      let text = (try? String(contentsOfFile: "/proc/\(identifier)/stat", encoding: .utf8)) ?? ""
      // The name in parentheses may hold anything; the parent is the second field behind it.
      return text.split(separator: ")").last?.split(separator: " ").dropFirst().first.flatMap { Int32($0) }
        == parent
    }
  }

  @Test func `processes share a list of clips, each made once`() async throws {
    let lines = (1...3).map { "{\"prompt\": \"rain\", \"seed\": \($0), \"output\": \"\($0).wav\"}" }
    try place.write(lines.joined(separator: "\n"), to: "clips.jsonl")
    let result = try await place.program(
      "launch", "-n", "2", "--", "generate", "--model", "tiny", "--batch", "clips.jsonl")
    #expect(result.status == 0, "\(result.errors)")
    #expect(try place.names == ["1.wav", "2.wav", "3.wav", "clips.jsonl"])
    #expect(
      result.outputLines.filter { $0.hasPrefix("Wrote ") }.sorted().map { $0.prefix(11) } == [
        "Wrote 1.wav", "Wrote 2.wav", "Wrote 3.wav",
      ])
  }

  @Test func `what cannot be launched is one line`() async throws {
    for arguments in [["-n", "0", "--", "info"], ["-n", "2"], []] {
      let result = try await place.program.run(["launch"] + arguments)
      #expect(result.status == 64, "\(result.errors)")
      #expect(result.errorLines.count == 1)
    }
    let failed = try await place.program("launch", "-n", "2", "--", "train", "nowhere.json")
    #expect(failed.status == 66, "\(failed.errors)")
    #expect(failed.errors.contains("of 2 ended with status 66; the others were stopped"))
  }
}
