import Foundation
import Testing
import UniForm

@testable import UniFormTraining

@Suite struct PrepareRunTests {
  let place: Workplace

  init() throws {
    place = try Workplace(model: true)
    try FileManager.default.createDirectory(at: place.file("clips"), withIntermediateDirectories: true)
  }

  private func prepare(_ arguments: String...) async throws -> Program.Result {
    try await place.program.run(["prepare", "--model", "tiny"] + arguments)
  }

  private func dataset(_ name: String) throws -> LatentDataset {
    try LatentDataset(
      contentsOf: place.file(name), for: ModelDirectory(Workplace.models.appending(path: "tiny")))
  }

  private func files(_ name: String) throws -> [String: Data] {
    let paths = try FileManager.default.subpathsOfDirectory(atPath: place.file(name).path)
    return paths.reduce(into: [:]) { $0[$1] = try? Data(contentsOf: place.file("\(name)/\($1)")) }
  }

  @Test func `clips that cannot be used are left out with their reasons`() async throws {
    try await place.clip("clips/good.mp4", seconds: 1.5)
    try await place.clip("clips/-dash.mp4", seconds: 1)
    try await place.clip("clips/mute.mp4", seconds: 1, audio: false)
    try await place.clip("clips/short.mp4", seconds: 0.5)
    try await place.silentClip("clips/silent.mp4")
    try place.write("<html><body>Sign in</body></html>", to: "clips/page.mp4")
    try place.write("", to: "clips/empty.mp4")
    let whole = try Data(contentsOf: place.file("clips/good.mp4"))
    try whole.prefix(whole.count * 6 / 10).write(to: place.file("clips/cut.mp4"))
    try place.write("file_name,text\ngood.mp4,heavy rain\n-dash.mp4,a bell\n", to: "clips/metadata.csv")

    let result = try await prepare("clips", "--layout", "folder", "--output", "cache")
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.output.contains("2 clips in cache"))
    #expect(
      result.output.contains("Left out: 3 broken, 1 mute, 1 silent, 1 too short; see cache/skipped.jsonl"))
    #expect(result.errors.contains("6 of 8 clips have no caption"))
    let data = try dataset("cache")
    #expect(data.count == 2)
    #expect(try data.descriptions(of: [0, 1]).map(\.caption) == ["a bell", "heavy rain"])
    let skipped = try JSONLines.decode(
      SkippedClip.self, from: Data(contentsOf: place.file("cache/skipped.jsonl")))
    #expect(skipped.map(\.id) == ["cut.mp4", "empty.mp4", "mute.mp4", "page.mp4", "short.mp4", "silent.mp4"])
    #expect(skipped.map(\.reason) == [.broken, .broken, .mute, .broken, .tooShort, .silent])
    #expect(skipped.allSatisfy { !$0.message.contains("\n") && $0.message.contains($0.id) })
    let again = try await prepare("clips", "--layout", "folder", "--output", "cache")
    #expect(again.output.contains("it was complete already"))
  }

  @Test func `Ctrl-C and the same command again give the same files as one run`() async throws {
    let arguments = [
      "prepare", "--model", "tiny", "--layout", "scenes", "--render", "120", "--shard-size", "50",
    ]
    #expect(try await place.program.run(arguments + ["--output", "whole"]).status == 0)
    let block = place.file("parts/.work/00000/00001.safetensors").path
    let (result, _) = try await place.program.interrupted(arguments + ["--output", "parts"]) {
      FileManager.default.fileExists(atPath: block)
    }
    #expect(result.status == 130)
    #expect(result.errorLines.last == "uniform: interrupted")
    let train = try await place.program(
      "train", "transformer", "--model", Workplace.models.appending(path: "tiny").path, "--config",
      place.file("train.json").path, "--clips", "parts")
    #expect(train.status != 0)
    let second = try await place.program.run(arguments + ["--output", "parts", "--threads", "1"])
    #expect(second.status == 0, "\(second.errors)")
    #expect(second.output.contains("120 clips in parts"))
    #expect(try files("parts") == files("whole"))
  }

  @Test func `workers with RANK and WORLD_SIZE share the work`() async throws {
    var program = place.program
    let arguments = [
      "prepare", "--model", "tiny", "--layout", "scenes", "--render", "7", "--shard-size", "2",
    ]
    for rank in ["1", "0"] {
      program.environment.merge(["RANK": rank, "WORLD_SIZE": "2"]) { $1 }
      let result = try await program.run(arguments + ["--output", "cache"])
      #expect(result.status == 0, "\(result.errors)")
      #expect(result.output.contains("Worker 1 of 2 is done") == (rank == "1"))
    }
    let data = try dataset("cache")
    #expect(try data.descriptions(of: Array(0..<7)).map(\.id) == (0..<7).map { "seed-0-\($0)" })
    program.environment["RANK"] = "2"
    let wrong = try await program.run(arguments + ["--output", "other"])
    #expect(wrong.status == 64)
    #expect(wrong.errors.contains("RANK is '2' and WORLD_SIZE '2'"))
  }

  @Test func `scenes on disk are prepared with their captions`() async throws {
    let scenes = try await place.program(
      "scenes", "scenes", "--count", "2", "--seconds", "1", "--size", "32", "--seed", "4")
    #expect(scenes.status == 0)
    let result = try await prepare("scenes", "--layout", "scenes", "--output", "cache", "--json")
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.outputLines.last?.contains(#""clips":2"#) == true)
    #expect(try dataset("cache").descriptions(of: [1])[0].file == "scene-000002.mp4")
    let inspection = try await place.program("inspect", "cache")
    #expect(
      inspection.output.contains("2 in 1 files") && inspection.output.contains("32×32, 17 frames per second"))
    let file = place.file("cache/clips-00000.jsonl")
    try Data(contentsOf: file).dropLast().write(to: file)
    let damaged = try await place.program("inspect", "cache")
    #expect(damaged.status == 65)
    #expect(damaged.errors.contains("clips-00000.jsonl is not what was written"))
  }

  @Test func `what was begun otherwise is not mixed`() async throws {
    let arguments = ["--layout", "scenes", "--output", "cache", "--render"]
    #expect(try await place.program.run(["prepare", "--model", "tiny"] + arguments + ["2"]).status == 0)
    let other = try await place.program.run(
      ["prepare", "--model", "tiny"] + arguments + ["2", "--seed", "5"])
    #expect(other.status == 73)
    #expect(other.errorLines.count == 1)
    #expect(other.errors.contains("'cache' was begun with the clips of seed 0, rendered"))
  }

  static let failures: [(arguments: [String], status: Int32, text: String)] = [
    (["clips", "--layout", "folder"], 66, "'clips' has no clips in the layout 'folder'"),
    (["nowhere", "--layout", "folder"], 66, "'nowhere' is no folder"),
    (["clips", "--layout", "vggsound"], 66, "has no vggsound.csv"),
    (["--layout", "folder"], 64, "no source is given"),
    (["clips", "--layout", "folder", "--render", "3"], 64, "--render makes its own clips"),
    (["clips", "--layout", "other"], 64, "other"),
    (["clips", "--layout", "folder", "--captions", "missing.csv"], 66, "has no clips"),
    (["--layout", "scenes", "--render", "1", "--model", "narrow2"], 66, "narrow2"),
  ]

  @Test(arguments: failures.indices) func `a command that cannot work ends with one line`(index: Int)
    async throws
  {
    let (arguments, status, text) = Self.failures[index]
    let result = try await place.program.run(["prepare"] + arguments + ["--output", "cache"])
    #expect(result.status == status)
    #expect(result.errorLines.count == 1)
    #expect(result.errors.contains(text), "\(result.errors)")
    #expect(try place.names == ["clips"])
  }

  @Test func `clips without any caption want a decision`() async throws {
    try await place.clip("clips/a.mp4", seconds: 1)
    let result = try await prepare("clips", "--layout", "folder", "--output", "cache")
    #expect(result.status == 64)
    #expect(result.errors.contains("none of the 1 clips has a caption; give --captions, or --no-captions"))
    #expect(
      try await prepare("clips", "--layout", "folder", "--output", "cache", "--no-captions").status == 0)
    #expect(try dataset("cache").batch([0]).hasCaption == [false])
  }
}
