import Foundation
import Scenes
import Testing

@Suite struct ScenesRunTests {
  let place: Workplace

  init() throws { place = try Workplace() }

  private func scenes(_ folder: String, _ arguments: String...) async throws -> Program.Result {
    try await place.program.run(["scenes", folder, "--size", "32", "--seconds", "0.5"] + arguments)
  }

  private func files(_ folder: String) throws -> [String: Data] {
    let names = try FileManager.default.contentsOfDirectory(atPath: place.file(folder).path)
    return try Dictionary(
      uniqueKeysWithValues: names.map { ($0, try Data(contentsOf: place.file("\(folder)/\($0)"))) })
  }

  @Test func `writes clips, descriptions and a list of captions`() async throws {
    let result = try await scenes("out", "--count", "3", "--seed", "5", "--classes", "rain,bell")
    #expect(result.status == 0, "\(result.errors)")
    let files = try files("out")
    #expect(
      files.keys.sorted() == [
        "metadata.csv", "scene-000001.json", "scene-000001.mp4", "scene-000002.json", "scene-000002.mp4",
        "scene-000003.json", "scene-000003.mp4",
      ])
    let descriptions = try (1...3).map {
      try JSONDecoder().decode(SceneDescription.self, from: try #require(files["scene-00000\($0).json"]))
    }
    #expect(descriptions.map(\.sceneClass) == [.rain, .bell, .rain])
    let list = String(decoding: try #require(files["metadata.csv"]), as: UTF8.self)
    #expect(list.split(separator: "\n").first == "file_name,text")
    #expect(list.contains(descriptions[1].caption))
  }

  @Test func `the same seed is the same set, however many threads and however often interrupted`()
    async throws
  {
    _ = try await scenes("one", "--count", "4", "--seed", "9", "--threads", "1")
    _ = try await scenes("many", "--count", "2", "--seed", "9", "--threads", "4")
    let result = try await scenes("many", "--count", "4", "--seed", "9", "--threads", "4")
    #expect(result.output.contains("2 of them from before"))
    #expect(try files("one") == files("many"))
  }

  @Test func `does not mix sets of different seeds`() async throws {
    _ = try await scenes("out", "--count", "1", "--seed", "1")
    let result = try await scenes("out", "--count", "2", "--seed", "2")
    #expect(result.status == 73)
    #expect(result.errorLines.count == 1)
    #expect(try files("out").count == 3)
  }

  @Test func `does not mix clips of different sizes or rates`() async throws {
    _ = try await scenes("out", "--count", "1")
    let larger = try await place.program(
      "scenes", "out", "--count", "2", "--seconds", "0.5", "--size", "64")
    #expect(larger.status == 73)
    #expect(larger.errorLines.count == 1)
    #expect(larger.errors.contains("'out' holds clips of 32×32 pixels at 17 frames per second"))
    #expect(try await scenes("out", "--count", "2", "--frame-rate", "25").status == 73)
    #expect(try files("out").count == 3)
    #expect(try await scenes("out", "--count", "2").status == 0)
  }
}
