import ArgumentParser
import Foundation
import Testing

@testable import UniFormCLI

/// Help is read by people: any change to it shall be seen in review.
@Suite struct HelpTests {
  static let commands: [(String, any ParsableCommand.Type)] = [
    ("uniform", UniFormCommand.self), ("generate", GenerateCommand.self), ("info", InfoCommand.self),
    ("inspect", InspectCommand.self), ("scenes", ScenesCommand.self), ("pull", PullCommand.self),
    ("verify", VerifyCommand.self), ("bench", BenchCommand.self),
    ("encode", EncodeCommand.self), ("decode", DecodeCommand.self), ("embed", EmbedCommand.self),
    ("import", ImportCommand.self), ("prepare", PrepareCommand.self), ("caption", CaptionCommand.self),
    ("train", TrainCommand.self), ("launch", LaunchCommand.self), ("plot", PlotCommand.self),
    ("import", ImportCommand.self), ("evaluate", EvaluateCommand.self),
    ("plan", PlanCommand.self), ("plan-generate", PlanGenerate.self),
    ("plan-train", PlanTrain.self), ("worker", WorkerCommand.self), ("serve", ServeCommand.self),
  ]

  private static let snapshots = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Help")

  /// A missing snapshot is written: delete one to record it anew, and read it before it is committed.
  @Test(arguments: commands.map(\.0))
  func `help is what was reviewed`(name: String) throws {
    let command = try #require(Self.commands.first { $0.0 == name }?.1)
    let text = UniFormCommand.helpMessage(for: command, columns: 90) + "\n"
    let file = Self.snapshots.appending(path: "\(name).txt")
    guard let known = try? String(contentsOf: file, encoding: .utf8) else {
      try text.write(to: file, atomically: true, encoding: .utf8)
      Issue.record("there was no snapshot of this help; it is written now")
      return
    }
    #expect(text == known)
  }

  @Test(arguments: ["bash", "zsh", "fish"])
  func `there are completions for every shell`(shell: String) async throws {
    let program = Program(folder: FileManager.default.temporaryDirectory)
    let result = try await program("--generate-completion-script", shell)
    #expect(result.status == 0)
    #expect(result.output.contains("negative-prompt"))
    #expect(result.errors == "")
  }

  @Test func `the version is one line`() async throws {
    let program = Program(folder: FileManager.default.temporaryDirectory)
    let result = try await program("--version")
    #expect(result.status == 0)
    #expect(result.output.wholeMatch(of: #/uniform \d+\.\d+\.\d+\n/#) != nil)
  }
}
