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

  private func folders(_ cache: String) -> [String] {
    [
      "evaluate", "--cache", cache, "--generated", "made", "--reference", "real", "--metrics",
      "class-agreement,event-f1", "--threads", "1", "--json",
    ]
  }

  private func suite(_ folder: String, _ cache: String) -> [String] {
    [
      "evaluate", "--suite", "scenes", "--model", "tiny", "--limit", "3", "--variants", "t2av,codecs",
      "--folder", folder, "--cache", cache, "--metrics", "class-agreement", "--threads", "1",
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

  /// A report without what differs between any two runs.
  private func report(_ json: Data) throws -> NSDictionary {
    func stable(_ value: Any) -> Any {
      if let list = value as? [Any] { return list.map(stable) as NSArray }
      guard let values = value as? [String: Any] else { return value }
      return values.filter { $0.key != "seconds" }.mapValues(stable) as NSDictionary
    }
    return try #require(stable(JSONSerialization.jsonObject(with: json)) as? NSDictionary)
  }

  /// The only one that the processes of a run put out.
  private func report(_ result: Program.Result) throws -> NSDictionary {
    let lines = result.outputLines.filter { $0.contains("\"event\":\"report\"") }
    #expect(result.status == 0 && lines.count == 1, "\(result.errors)")
    return try report(Data((lines.first ?? "").utf8))
  }

  /// Runs until `count` files are there, and ends it with `signal`.
  private func stop(
    _ arguments: [String], rank: Int? = nil, _ signal: Int32, at count: Int, of ending: String,
    in folder: String
  ) async throws -> Program.Result {
    let folder = place.file(folder)
    return try await program(rank).interrupted(arguments, signal: signal) {
      Self.files(folder, ending).count >= count
    }.result
  }

  /// One of two workers.
  private func program(_ rank: Int?) -> Program {
    var program = place.program
    if let rank { program.environment.merge(["RANK": "\(rank)", "WORLD_SIZE": "2"]) { $1 } }
    return program
  }

  @Test func `features from before an interruption are kept, and two processes extract the rest`()
    async throws
  {
    try await scenes("made", seed: 1, count: 4)
    try await scenes("real", seed: 2, count: 4)
    let all = 2 * 4 * 2
    let interrupted = try await stop(folders("cache"), SIGINT, at: 2, of: ".safetensors", in: "cache")
    #expect(interrupted.status == 130 && interrupted.errorLines == ["uniform: interrupted"])
    let first = files("cache", ".safetensors")
    #expect((2..<all).contains(first.count))
    _ = try await stop(folders("cache"), SIGKILL, at: first.count + 2, of: ".safetensors", in: "cache")
    let second = files("cache", ".safetensors")
    #expect((first.count + 2..<all).contains(second.count))

    let rest = try await place.program.run(["launch", "-n", "2", "--"] + folders("cache"))
    let last = files("cache", ".safetensors")
    #expect(last.count == all && last.merging(second) { $1 } == last)
    let whole = try await place.program.run(folders("other"))
    #expect(try report(rest) == report(whole))
  }

  @Test func `clips from before the loss of a worker are kept, and two processes make the rest`() async throws
  {
    let arguments = suite("suite", "cache")
    #expect(try await stop(arguments, SIGINT, at: 1, of: ".settings.json", in: "suite").status == 130)
    let killed = try await stop(arguments, rank: 1, SIGKILL, at: 1, of: "000002.settings.json", in: "suite")
    #expect(killed.status == SIGKILL)
    let first = try await program(0).run(arguments)
    #expect(first.status == 0 && first.output.contains("Worker 0 of 2 is done"), "\(first.errors)")
    #expect(!FileManager.default.fileExists(atPath: place.file("suite/report.json").path))
    let settings = files("suite", ".settings.json")
    #expect((5..<6).contains(settings.count))
    let finished = Set(settings.keys.map { $0.replacing(".settings.json", with: ".mp4") })
    let clips = files("suite", ".mp4").filter { finished.contains($0.key) }

    let rest = try await place.program.run(["launch", "-n", "2", "--"] + arguments)
    #expect(rest.status == 0, "\(rest.errors)")
    let last = files("suite", ".mp4").filter { !$0.key.contains("/.") }
    #expect(last.count == 9 && last.merging(clips) { $1 } == last)
    let whole = try await place.program.run(suite("whole", "other"))
    #expect(whole.status == 0, "\(whole.errors)")
    func report(_ folder: String) throws -> NSDictionary {
      try self.report(Data(contentsOf: place.file("\(folder)/report.json")))
    }
    #expect(try report("suite") == report("whole"))
    let text = try String(contentsOf: place.file("suite/report.md"), encoding: .utf8)
    #expect(text.contains("| ceiling |") && text.contains("PSNR (video codec, dB) ↑"))
  }

  @Test func `a list of clips is finished after the loss of a worker`() async throws {
    let lines = (1...4).map { "{\"prompt\": \"rain\", \"seed\": \($0), \"output\": \"\($0).wav\"}" }
    try place.write(lines.joined(separator: "\n"), to: "clips.jsonl")
    let arguments = ["generate", "--model", "tiny", "--batch", "clips.jsonl"]
    _ = try await stop(arguments, rank: 1, SIGKILL, at: 1, of: "2.wav", in: ".")
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
    let event = try report(try await place.program.run(folders("cache")))
    let report = try #require(event["report"] as? NSDictionary)
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
