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
        ".scenes.json", "metadata.csv", "scene-000001.json", "scene-000001.mp4", "scene-000002.json",
        "scene-000002.mp4",
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
    #expect(try files("out").count == 4)
  }

  @Test func `does not mix clips of other classes or another sound`() async throws {
    _ = try await scenes("out", "--count", "1", "--classes", "rain,bell")
    for (options, known) in [
      (["--classes", "rain,wind"], "made with --classes rain,bell;"), ([], "made with --classes rain,bell;"),
      (["--classes", "rain,bell", "--sample-rate", "8000"], "made with --sample-rate 16000;"),
    ] {
      let result = try await place.program.run(
        ["scenes", "out", "--size", "32", "--seconds", "0.5", "--count", "2"] + options)
      #expect(result.status == 73 && result.errorLines.count == 1, "\(result.errors)")
      #expect(result.errors.contains(known), "\(result.errors)")
    }
    #expect(try await scenes("out", "--count", "2", "--classes", "rain,bell").status == 0)
  }

  @Test func `a folder has a name`() async throws {
    #expect(try await scenes("", "--count", "1").status == 64)
    #expect(try place.names == [])
  }

  @Test func `a signal that was ignored at the start does not end the work`() async throws {
    let (process, output, _) = place.program.process(["scenes", "out", "--size", "32", "--count", "40"])
    process.ignore("HUP INT")
    process.standardError = FileHandle.nullDevice
    try process.run()
    let clip = place.file("out/scene-000001.mp4").path
    let status = await withCheckedContinuation { (continuation: CheckedContinuation<Int32, Never>) in
      DispatchQueue.global().async {
        while process.isRunning && !FileManager.default.fileExists(atPath: clip) { usleep(10_000) }
        for number in [SIGHUP, SIGINT] { kill(process.processIdentifier, number) }
        _ = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        continuation.resume(returning: process.terminationStatus)
      }
    }
    #expect(status == 0)
  }

  @Test func `does not mix clips of different sizes or rates`() async throws {
    _ = try await scenes("out", "--count", "1")
    // As folders were before they said what they hold.
    try FileManager.default.removeItem(at: place.file("out/.scenes.json"))
    let larger = try await place.program(
      "scenes", "out", "--count", "2", "--seconds", "0.5", "--size", "64")
    #expect(larger.status == 73)
    #expect(larger.errorLines.count == 1)
    #expect(larger.errors.contains("'out' holds clips of 32×32 pixels at 17 frames per second"))
    #expect(try await scenes("out", "--count", "2", "--frame-rate", "25").status == 73)
    #expect(try files("out").count == 3)
    #expect(try await scenes("out", "--count", "2").status == 0)
    #expect(try await scenes("out", "--count", "2", "--frame-rate", "25").status == 73)
  }
}
