import ArgumentParser
import Foundation

struct LaunchCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "launch",
    abstract: "Run a command in several processes that work together on this machine.",
    discussion: """
      Starts the command so many times with WORLD_SIZE, RANK, LOCAL_RANK, MASTER_ADDR and MASTER_PORT set. Where one \
      process fails the others are stopped, and its reason is reported.

        uniform launch -n 2 -- train Configs/train/tiny-transformer.json
      """)

  @Option(
    name: [.customShort("n"), .customLong("processes")],
    help: ArgumentHelp("Processes to start.", valueName: "number"))
  var count: Int
  @Argument(
    parsing: .postTerminator,
    help: ArgumentHelp("The command of this program and its arguments.", valueName: "command"))
  var command: [String] = []

  func validate() throws {
    guard (1...1024).contains(count) else {
      throw ValidationError("-n is \(count); use a whole number from 1 to 1024")
    }
    guard !command.isEmpty else {
      throw ValidationError(
        "there is nothing to launch; write it after --, as in 'uniform launch -n 2 -- train CONFIG'")
    }
  }

  func run() async throws {
    // Longer than any command takes to save before it ends: none shall outlive the launcher.
    Interruption.allow(seconds: 630)
    try await ProcessTeam(count: count, arguments: command).run()
  }
}
