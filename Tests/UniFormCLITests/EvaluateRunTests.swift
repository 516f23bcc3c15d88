import Foundation
import Media
import Testing

@Suite struct EvaluateRunTests {
  let place: Workplace

  init() throws { place = try Workplace(model: true) }

  private func evaluate(_ arguments: String...) async throws -> Program.Result {
    try await place.program.run(["evaluate", "--cache", "cache"] + arguments)
  }

  private func scenes(_ folder: String, seed: Int, count: Int = 3) async throws {
    let result = try await place.program.run([
      "scenes", folder, "--size", "64", "--seconds", "0.5", "--count", "\(count)", "--seed", "\(seed)",
      "--classes",
      "bell,rain",
    ])
    try #require(result.status == 0)
  }

  @Test func `scores two folders and writes the report three times`() async throws {
    try await scenes("real", seed: 1, count: 2)
    try await scenes("made", seed: 2, count: 2)
    let result = try await evaluate(
      "--generated", "made", "--reference", "real", "--output", "report.json", "--allow-rank-deficient")
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.output.contains("AV-Align (old) ↑") && result.output.contains("FD-scenes-picture ↓"))
    #expect(result.output.contains("i3d_pretrained_400.safetensors"))
    let report =
      try JSONSerialization.jsonObject(with: Data(contentsOf: place.file("report.json"))) as? [String: Any]
    let scores = try #require(report?["scores"] as? [[String: Any]])
    #expect(scores.count == 17)
    #expect(scores.allSatisfy { $0["value"] is Double && ($0["metric"] as? String)?.contains("/") == true })
    let page = try String(contentsOf: place.file("report.html"), encoding: .utf8)
    #expect(page.contains("data:image/png;base64,") && page.contains("<svg") && !page.contains("http://"))
    #expect(FileManager.default.fileExists(atPath: place.file("report.md").path))
    // All is known by now, and comes out the same.
    let again = try await evaluate(
      "--generated", "made", "--reference", "real", "--output", "again.json", "--allow-rank-deficient")
    let second =
      try JSONSerialization.jsonObject(with: Data(contentsOf: place.file("again.json"))) as? [String: Any]
    #expect(again.status == 0)
    let repeated = try #require(second?["scores"] as? [[String: Any]])
    for (a, b) in zip(scores, repeated) {
      let (a, b) = (try #require(a["value"] as? Double), try #require(b["value"] as? Double))
      #expect(abs(a - b) <= 1e-9 * max(abs(a), 1))
    }
  }

  @Test func `few clips give no singular covariances unless they are asked for`() async throws {
    try await scenes("real", seed: 1, count: 2)
    let result = try await evaluate("--generated", "real", "--reference", "real", "--metrics", "fd-scenes")
    #expect(result.status == 0)
    #expect(result.output.contains("singular covariance") && !result.output.contains("| FD-scenes-sound ↓ |"))
  }

  @Test func `a broken clip is skipped and the exit status says so`() async throws {
    try await scenes("made", seed: 3, count: 2)
    try Data("no clip".utf8).write(to: place.file("made/broken.mp4"))
    let result = try await evaluate("--generated", "made", "--metrics", "class-agreement")
    #expect(result.status == 65)
    #expect(result.errorLines.count == 1 && result.errors.contains("skipped broken"))
    #expect(result.output.contains("Class agreement (sound)"))
  }

  @Test func `what cannot be compared is refused in one line`() async throws {
    try FileManager.default.createDirectory(at: place.file("empty"), withIntermediateDirectories: true)
    try await scenes("made", seed: 4, count: 1)
    try FileManager.default.createDirectory(at: place.file("other"), withIntermediateDirectories: true)
    try FileManager.default.copyItem(
      at: place.file("made/scene-000001.mp4"), to: place.file("other/else.mp4"))
    // The weights of another network, and a clip that is nowhere.
    try FileManager.default.createDirectory(at: place.file("weights"), withIntermediateDirectories: true)
    try FileManager.default.copyItem(
      at: Workplace.models.appending(path: "tiny/vocoder/model.safetensors"),
      to: place.file("weights/Cnn14_16k_mAP=0.438.safetensors"))
    try FileManager.default.createDirectory(at: place.file("links"), withIntermediateDirectories: true)
    try FileManager.default.createSymbolicLink(
      atPath: place.file("links/a.mp4").path, withDestinationPath: "nowhere.mp4")
    try FileManager.default.createDirectory(at: place.file("taken.html"), withIntermediateDirectories: true)
    for (arguments, status, text) in [
      (["--generated", "nowhere"], 66, "nowhere"), (["--generated", "empty"], 66, "no clips"),
      (["--generated", "made", "--metrics", "fvd3"], 64, "av-align"),
      (["--generated", "made", "--metrics", "fvd"], 69, "i3d_pretrained_400.safetensors"),
      (["--generated", "made", "--reference", "other"], 65, "same name"),
      (["--generated", "made", "--weights", "none"], 66, "--weights"),
      (["--generated", "made", "--output", "none/report.json"], 73, "none"),
      (["--generated", "made", "--output", "taken.json"], 73, "taken.html"),
      (["--suite", "scenes", "--model", "tiny", "--variants", ""], 64, "--variants"),
      (
        ["--suite", "scenes", "--model", "tiny", "--folder", "suite", "--metrics", "fvd"], 69, "FVD cannot be"
      ),
      (["--generated", "made", "--steps", "3"], 64, "--suite"), (["--suite", "vggsound"], 64, "--data"),
      ([], 64, "--generated"),
      (["--generated", "made", "--captions", "none.csv"], 66, "none.csv"),
      (["--generated", "made", "--weights", "weights", "--metrics", "is"], 65, "mAP=0.438.safetensors"),
      (["--generated", "links"], 65, "does not exist"),
    ] as [([String], Int32, String)] {
      let result = try await place.program.run(["evaluate", "--cache", "cache"] + arguments)
      #expect(result.status == status, "\(arguments): \(result.errors)")
      #expect(result.errorLines.count == 1 && result.errors.contains(text), "\(arguments): \(result.errors)")
    }
    #expect(try !place.names.contains { ["suite", "taken.json"].contains($0) }, "found only after the work")
  }

  @Test func `a named metric without weights is told before the work`() async throws {
    try await scenes("made", seed: 5, count: 1)
    let result = try await evaluate("--generated", "made", "--metrics", "class-agreement,fvd")
    #expect(result.status == 69 && result.errorLines.count == 2, "\(result.errors)")
    #expect(result.errorLines.first?.contains("warning: FVD will not be computed") == true)
    #expect(result.output.contains("Class agreement (sound)"))
  }

  @Test func `a limit leaves pairs together`() async throws {
    try await scenes("made", seed: 6, count: 2)
    try await scenes("real", seed: 7, count: 2)
    try FileManager.default.copyItem(
      at: place.file("real/scene-000002.mp4"), to: place.file("real/another.mp4"))
    func report() async throws -> String {
      let result = try await evaluate(
        "--generated", "made", "--reference", "real", "--limit", "1", "--metrics", "av-align", "--output",
        "report.json")
      #expect(result.status == 0, "\(result.errors)")
      return try String(contentsOf: place.file("report.md"), encoding: .utf8)
    }
    let paired = try await report()
    #expect(paired.contains("against 1 of 1 reference clips") && paired.contains("\n1 pairs.\n"))
    for name in ["scene-000001", "scene-000002"] {
      try FileManager.default.moveItem(
        at: place.file("real/\(name).mp4"), to: place.file("real/other-\(name).mp4"))
    }
    let others = try await report()
    #expect(others.contains("0 pairs. Without a partner: 1 generated (scene-000001); 1 reference (another)."))
  }

  @Test func `a suite generates each clip once and scores it`() async throws {
    func run() async throws -> Program.Result {
      try await evaluate(
        "--suite", "scenes", "--model", "tiny", "--limit", "1", "--variants",
        "v2a,t2av,unimodal,alone,a2v-without-text",
        "--folder", "suite")
    }
    let result = try await run()
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.output.contains("tiny, scenes, V2A") && result.output.contains("Table 6 of the paper"))
    func dates() throws -> [String: Date] {
      try Dictionary(
        uniqueKeysWithValues: ["v2a", "t2av", "unimodal", "alone", "a2v-without-text"].map { variant in
          let file = place.file("suite/\(variant)/scene-000001.mp4")
          return (
            variant, try file.resourceValues(forKeys: [.contentModificationDateKey]).contentModificationDate!
          )
        })
    }
    let first = try dates()
    let settings = try String(contentsOf: place.file("suite/v2a/scene-000001.settings.json"), encoding: .utf8)
    #expect(settings.contains("condition_sha256") && settings.contains("\"steps\" : 2"))
    #expect(try await run().status == 0)
    #expect(try dates() == first)
    #expect(FileManager.default.fileExists(atPath: place.file("suite/report.html").path))
  }
}
