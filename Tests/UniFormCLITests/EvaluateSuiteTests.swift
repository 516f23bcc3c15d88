import ArgumentParser
import Foundation
import Testing
import UniForm

@testable import UniFormCLI

/// Evaluations that generate first.
@Suite struct EvaluateSuiteTests {
  let place: Workplace

  init() throws { place = try Workplace(model: true) }

  private func evaluate(rank: Int? = nil, _ arguments: String...) async throws -> Program.Result {
    var program = place.program
    if let rank { program.environment.merge(["RANK": "\(rank)", "WORLD_SIZE": "2"]) { $1 } }
    return try await program.run(["evaluate", "--cache", "cache", "--threads", "1"] + arguments)
  }

  @Test func `a reference that one variant cannot be made from is left out of all`() async throws {
    try FileManager.default.createDirectory(at: place.file("real"), withIntermediateDirectories: true)
    for name in ["a", "b", "c"] { try await place.clip("real/\(name).mp4", audio: name != "b") }
    try place.write("file_name,text\na.mp4,rain\nb.mp4,rain\nc.mp4,rain\n", to: "list.csv")
    func run(_ folder: String, rank: Int? = nil) async throws -> Program.Result {
      try await evaluate(
        rank: rank, "--suite", "vggsound", "--data", "real", "--captions", "list.csv", "--model", "tiny",
        "--variants", "t2av,a2v", "--steps", "1", "--seconds", "0.5", "--metrics", "class-agreement",
        "--folder", folder)
    }
    func check(_ result: Program.Result, _ folder: String) throws {
      #expect(result.status == 65 && result.errorLines.count == 1, "\(result.errors)")
      #expect(result.errors.contains("skipped b: A2V: ") && result.errors.contains("no sound"))
      let json = try JSONSerialization.jsonObject(with: Data(contentsOf: place.file("\(folder)/report.json")))
      let reports = try #require((json as? [String: Any])?["reports"] as? [[String: Any]])
      #expect(reports.count == 2)
      for report in reports {
        for side in ["generated", "reference"] {
          let counts = try #require(report[side] as? [String: Any])
          #expect(counts["clips"] as? Int == 3 && counts["readable"] as? Int == 2)
        }
        #expect((report["skipped_reference"] as? [[String: Any]])?.map { $0["clip"] as? String } == ["b"])
        let scores = try #require(report["scores"] as? [[String: Any]])
        #expect(!scores.isEmpty && scores.allSatisfy { $0["n_generated"] as? Int == 2 })
      }
    }
    try check(try await run("whole"), "whole")
    let first = try await run("divided", rank: 0)
    #expect(first.status == 0 && first.output.contains("Worker 0 of 2 is done"), "\(first.errors)")
    try check(try await run("divided", rank: 1), "divided")
  }

  @Test func `clips are made anew where the model is another, not where its name is`() async throws {
    var model = TinyModel()
    try model.write(to: place.file("model"))
    let clip = "suite/t2av-without-text/scene-000001"
    func made() async throws -> Date {
      try model.index.json().write(to: place.file("model/model_index.json"))
      let result = try await evaluate(
        "--suite", "scenes", "--model", "./model", "--limit", "1", "--variants",
        "t2av-without-text,t2av-without-text", "--folder", "suite", "--metrics", "av-align")
      #expect(result.status == 0, "\(result.errors)")
      let values = try place.file("\(clip).mp4").resourceValues(forKeys: [.contentModificationDateKey])
      return try #require(values.contentModificationDate)
    }
    let first = try await made()
    let settings = try String(contentsOf: place.file("\(clip).settings.json"), encoding: .utf8)
    #expect(settings.contains("\"frame_rate\" : 17") && !settings.contains("\"auto\""))
    let report = try JSONSerialization.jsonObject(with: Data(contentsOf: place.file("suite/report.json")))
    #expect((report as? [String: Any])?["scores"] != nil, "one variant gives one report")
    model.index.name = "renamed"
    #expect(try await made() == first)
    model.index.defaults.nullCaptionLength += 1
    #expect(try await made() != first)
  }

  @Test func `the fingerprint of weights covers what decides a clip`() throws {
    try TinyModel().write(to: place.file("model"))
    func model(_ change: (inout ModelIndex) -> Void) throws -> ModelDirectory {
      var index = TinyModel().index
      change(&index)
      try index.json().write(to: place.file("model/model_index.json"))
      return try ModelDirectory(place.file("model"))
    }
    let plain = try model { _ in }
    let renamed = try model {
      $0.name = "other"
      $0.licence = "MIT"
      $0.defaults.steps = 3
    }
    #expect(renamed.weightsFingerprint == plain.weightsFingerprint)
    let longer = try model { $0.geometry.seconds = 2 }
    let wordier = try model { $0.defaults.nullCaptionLength = 5 }
    for other in [longer, wordier] {
      #expect(other.weightsFingerprint != plain.weightsFingerprint)
      #expect(other.codecFingerprint == plain.codecFingerprint)
      #expect(other.textFingerprint == plain.textFingerprint)
    }
  }

  @Test func `variants come once each, and at least one`() throws {
    let options = try SuiteOptions.parse(["--suite", "scenes", "--variants", "a2v, t2av,a2v"])
    #expect(try options.chosenVariants() == [.a2v, .t2av])
    #expect(throws: (any Error).self) { try SuiteOptions.parse(["--suite", "scenes", "--variants", " ,"]) }
  }
}
