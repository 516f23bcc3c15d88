import Foundation
import Testing

/// Evaluations that are interrupted, or divided among processes, with the real program.
@Suite(.serialized) struct EvaluateResumeTests {
  let place: Workplace

  init() throws { place = try Workplace(model: true) }

  private func scenes(_ folder: String, seed: Int, count: Int) async throws {
    let result = try await place.program.run([
      "scenes", folder, "--size", "32", "--seconds", "0.5", "--count", "\(count)", "--seed", "\(seed)",
    ])
    try #require(result.status == 0, "\(result.errors)")
  }

  private func folders(_ cache: String, _ report: String) -> [String] {
    [
      "evaluate", "--cache", cache, "--generated", "made", "--reference", "real", "--output", report,
      "--allow-rank-deficient", "--threads", "1",
    ]
  }

  private func suite(_ folder: String, _ cache: String) -> [String] {
    [
      "evaluate", "--suite", "scenes", "--model", "tiny", "--limit", "4", "--variants", "t2av,codecs",
      "--folder", folder, "--cache", cache, "--metrics", "event-f1,class-agreement", "--threads", "1",
    ]
  }

  /// Files under a folder that end so, with what changes when they are written again.
  private static func files(_ folder: URL, _ ending: String) -> [String: Date] {
    let files = FileManager.default.enumerator(at: folder, includingPropertiesForKeys: nil)
    var dates: [String: Date] = [:]
    for case let file as URL in files ?? .init() where file.lastPathComponent.hasSuffix(ending) {
      let date = try? file.resourceValues(forKeys: [.contentModificationDateKey]).contentModificationDate
      dates[String(file.path.dropFirst(folder.path.count))] = date
    }
    return dates
  }

  private func files(_ folder: String, _ ending: String) -> [String: Date] {
    Self.files(place.file(folder), ending)
  }

  /// The report without what differs between any two runs.
  private func report(_ name: String) throws -> NSDictionary {
    func stable(_ value: Any) -> Any {
      if let list = value as? [Any] { return list.map(stable) as NSArray }
      guard let values = value as? [String: Any] else { return value }
      return values.filter { $0.key != "seconds" }.mapValues(stable) as NSDictionary
    }
    let object = try JSONSerialization.jsonObject(with: Data(contentsOf: place.file(name)))
    return try #require(stable(object) as? NSDictionary)
  }

  /// Runs until `count` files are there, and ends it with `signal`.
  private func stop(
    _ arguments: [String], _ signal: Int32, at count: Int, of ending: String, in folder: String
  ) async throws -> Program.Result {
    let folder = place.file(folder)
    return try await place.program.interrupted(arguments, signal: signal) {
      Self.files(folder, ending).count >= count
    }.result
  }

  @Test func `features from before an interruption are not extracted again`() async throws {
    try await scenes("made", seed: 1, count: 6)
    try await scenes("real", seed: 2, count: 6)
    let all = 2 * 6 * 3
    let interrupted = try await stop(folders("cache", "a.json"), SIGINT, at: 3, of: ".safetensors", in: "cache")
    #expect(interrupted.status == 130 && interrupted.errorLines == ["uniform: interrupted"])
    let first = files("cache", ".safetensors")
    #expect((3..<all).contains(first.count))
    _ = try await stop(
      folders("cache", "a.json"), SIGKILL, at: first.count + 3, of: ".safetensors", in: "cache")
    let second = files("cache", ".safetensors")
    #expect((first.count + 3..<all).contains(second.count))
    #expect(!FileManager.default.fileExists(atPath: place.file("a.json").path))

    let rest = try await place.program.run(folders("cache", "a.json"))
    #expect(rest.status == 0, "\(rest.errors)")
    let last = files("cache", ".safetensors")
    #expect(last.count == all && last.merging(second) { $1 } == last)
    #expect(try await place.program.run(folders("other", "b.json")).status == 0)
    #expect(try report("a.json") == report("b.json"))
  }

  @Test func `clips from before an interruption are not generated again`() async throws {
    let interrupted = try await stop(
      suite("suite", "cache"), SIGINT, at: 2, of: ".settings.json", in: "suite")
    #expect(interrupted.status == 130)
    _ = try await stop(suite("suite", "cache"), SIGKILL, at: 5, of: ".settings.json", in: "suite")
    let settings = files("suite", ".settings.json")
    #expect((5..<8).contains(settings.count))
    let finished = settings.keys.map { $0.replacing(".settings.json", with: ".mp4") }
    let clips = files("suite", ".mp4").filter { finished.contains($0.key) }
    #expect(clips.count == settings.count)

    let rest = try await place.program.run(suite("suite", "cache"))
    #expect(rest.status == 0, "\(rest.errors)")
    let last = files("suite", ".mp4")
    #expect(last.count == 12 && last.merging(clips) { $1 } == last)
    let whole = try await place.program.run(suite("whole", "other"))
    #expect(whole.status == 0, "\(whole.errors)")
    #expect(try report("suite/report.json") == report("whole/report.json"))
    let text = try String(contentsOf: place.file("suite/report.md"), encoding: .utf8)
    #expect(text.contains("| ceiling |") && text.contains("PSNR (video codec, dB) ↑"))
  }

  @Test func `processes share an evaluation, and one of them writes the report`() async throws {
    try await scenes("made", seed: 1, count: 5)
    try await scenes("real", seed: 2, count: 5)
    let result = try await place.program.run(["launch", "-n", "2", "--"] + folders("cache", "a.json"))
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.outputLines.count { $0.contains("of 2 is done; whichever finishes last") } == 1)
    #expect(result.outputLines.count { $0.hasPrefix("Wrote a.json") } == 1)
    #expect(try await place.program.run(folders("other", "b.json")).status == 0)
    #expect(try report("a.json") == report("b.json"))
  }

  @Test func `after the loss of a worker the same command makes what it left`() async throws {
    func worker(_ rank: Int) -> Program {
      var program = place.program
      program.environment.merge(["RANK": "\(rank)", "WORLD_SIZE": "2"]) { $1 }
      return program
    }
    let folder = place.file("suite")
    let killed = try await worker(1).interrupted(suite("suite", "cache"), signal: SIGKILL) {
      !Self.files(folder, ".settings.json").isEmpty
    }
    #expect(killed.result.status == SIGKILL)
    let first = try await worker(0).run(suite("suite", "cache"))
    #expect(first.status == 0 && first.output.contains("Worker 0 of 2 is done"), "\(first.errors)")
    #expect(!FileManager.default.fileExists(atPath: place.file("suite/report.json").path))
    let clips = files("suite/t2av", ".mp4").filter { !$0.key.hasPrefix("/.") }
    #expect((2..<4).contains(clips.count))

    let again = try await place.program.run(["launch", "-n", "2", "--"] + suite("suite", "cache"))
    #expect(again.status == 0, "\(again.errors)")
    let last = files("suite/t2av", ".mp4")
    #expect(last.count == 4)
    for name in ["/scene-000001.mp4", "/scene-000003.mp4"] { #expect(last[name] == clips[name]) }
    #expect(files("suite/reference", ".mp4").count == 4)
    let whole = try await place.program.run(suite("whole", "other"))
    #expect(whole.status == 0, "\(whole.errors)")
    #expect(try report("suite/report.json") == report("whole/report.json"))
  }

  @Test func `a list of clips is finished after the loss of a worker`() async throws {
    let lines = (1...4).map { "{\"prompt\": \"rain\", \"seed\": \($0), \"output\": \"\($0).wav\"}" }
    try place.write(lines.joined(separator: "\n"), to: "clips.jsonl")
    let arguments = ["generate", "--model", "tiny", "--batch", "clips.jsonl"]
    var lost = place.program
    lost.environment.merge(["RANK": "1", "WORLD_SIZE": "2"]) { $1 }
    let second = place.file("2.wav")
    _ = try await lost.interrupted(arguments, signal: SIGKILL) {
      FileManager.default.fileExists(atPath: second.path)
    }
    let before = files(".", ".wav")
    let result = try await place.program.run(["launch", "-n", "2", "--"] + arguments)
    #expect(result.status == 0, "\(result.errors)")
    let after = files(".", ".wav")
    #expect(after.keys.filter { !$0.contains("/.uniform-") }.count == 4)
    #expect(after.merging(before.filter { !$0.key.contains("/.uniform-") }) { $1 } == after)
  }

  @Test func `clips in folders of classes are paired by their paths`() async throws {
    for (side, seed) in [("made", 1), ("real", 2)] {
      for (index, kind) in ["bell", "rain"].enumerated() {
        try await scenes("\(side)/\(kind)", seed: 10 * seed + index, count: 1)
      }
    }
    let result = try await place.program.run(folders("cache", "a.json"))
    #expect(result.status == 0, "\(result.errors)")
    let report = try report("a.json")
    #expect((report["pairs"] as? NSDictionary)?["count"] as? Int == 2)
    let clips = (report["scores"] as? [NSDictionary])?.compactMap { $0["clips"] as? NSDictionary }.first
    let names = Set(clips?.allKeys as? [String] ?? [])
    #expect(!names.isEmpty && names.isSubset(of: ["bell/scene-000001", "rain/scene-000001"]))
    try place.write("file_name,text\nbell/scene-000001.mp4,a bell\nrain/scene-000001.mp4,rain\n", to: "l.csv")
    let generated = try await place.program.run([
      "evaluate", "--suite", "vggsound", "--data", "real", "--captions", "l.csv", "--model", "tiny",
      "--variants", "v2a", "--folder", "suite", "--cache", "cache", "--steps", "1", "--metrics", "av-align",
      "--seconds", "0.5",
    ])
    #expect(generated.status == 0, "\(generated.errors)")
    let settings = try String(
      contentsOf: place.file("suite/v2a/bell/scene-000001.settings.json"), encoding: .utf8)
    #expect(settings.contains("\"a bell\""))
  }
}
