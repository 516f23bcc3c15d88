import ArgumentParser

@main
struct UniFormCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "uniform", abstract: "Generates video with sound.", subcommands: [TrainCommand.self])
}
