import ArgumentParser
import Foundation
import Torch
import UniForm

@main
struct UniFormCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "uniform",
    abstract: "Makes video with sound from text, sound for a video, and video for a sound.",
    discussion: """
      One model does all three; what you give it decides which. For example:

        uniform generate --prompt "heavy rain on a tin roof" --output rain.mp4
        uniform generate --video hammer.mp4 --output hammer-with-sound.mp4
        uniform generate --audio waves.wav --prompt "waves on a beach" --output waves.mp4

      Results go to standard output, errors and warnings to standard error. The exit status is 0 when all went \
      well, and otherwise follows sysexits.h: 64 wrong arguments, 65 unusable input, 66 missing input, 69 missing \
      tool, device or network, 73 output cannot be created, 74 disk full, 75 out of memory, or a server is busy, \
      77 not open to you, 130 interrupted.
      """,
    version: "uniform \(UniFormVersion.current)",
    groupedSubcommands: [
      CommandGroup(name: "Clip", subcommands: [GenerateCommand.self]),
      CommandGroup(
        name: "Codec", subcommands: [EncodeCommand.self, DecodeCommand.self, EmbedCommand.self]),
      CommandGroup(name: "Models", subcommands: [PullCommand.self, ImportCommand.self]),
      CommandGroup(
        name: "Information",
        subcommands: [
          InfoCommand.self, InspectCommand.self, PlanCommand.self, VerifyCommand.self, BenchCommand.self,
        ]),
      CommandGroup(name: "Service", subcommands: [ServeCommand.self, WorkerCommand.self]),
      CommandGroup(name: "Evaluation", subcommands: [EvaluateCommand.self]),
      CommandGroup(
        name: "Training",
        subcommands: [
          ScenesCommand.self, CaptionCommand.self, PrepareCommand.self, TrainCommand.self, LaunchCommand.self,
          PlotCommand.self,
        ]),
    ])

  static func main() async {
    protectStandardStreams()
    requireAddressSpace()
    let work = Task { try await parseAndRun() }
    Interruption.install { work.cancel() }
    do {
      try await work.value
    } catch {
      end(with: error)
    }
  }

  /// A reader of the report who goes away does not end the work, and no other file takes the place of a closed stream.
  private static func protectStandardStreams() {
    signal(SIGPIPE, SIG_IGN)
    // A file that may grow no further is an error of writing like a full disk, not the end of the process.
    signal(SIGXFSZ, SIG_IGN)
    for descriptor: Int32 in 0...2 where fcntl(descriptor, F_GETFD) < 0 { _ = open("/dev/null", O_RDWR) }
  }

  /// Below a limit of the address space (`ulimit -v`) little is set aside; with too little, not even threads can begin.
  private static func requireAddressSpace() {
    guard let space = MachineMemory.addressSpace else { return }
    saveAddressSpace()
    guard space.rest < MachineMemory.addressReserve else { return }
    let needed = space.limit - space.rest + MachineMemory.addressReserve
    end(
      with: MemoryShortage(
        work: "program itself", neededBytes: needed, availableBytes: space.limit,
        remedies: ["a higher 'ulimit -v'"]))
  }

  private static func parseAndRun() async throws {
    var command = try parseAsRoot()
    if var asynchronous = command as? any AsyncParsableCommand {
      try await asynchronous.run()
    } else {
      try command.run()
    }
  }

  /// Prints help where it was asked for, and otherwise one line that says what is wrong.
  private static func end(with error: any Error) -> Never {
    guard exitCode(for: error) != .success else { exit(withError: error) }
    if let quiet = error as? QuietFailure { exit(withError: ExitCode(quiet.status.rawValue)) }
    let failure = failure(error)
    Reporter.end(with: failure)
    if failure.status == .interrupted { Interruption.endNow() }
    StandardError.print("uniform: error: \(failure)")
    exit(withError: ExitCode(failure.status.rawValue))
  }

  static func failure(
    _ error: any Error, arguments: [String] = Array(CommandLine.arguments.dropFirst())
  ) -> CommandFailure {
    // The parser's own errors carry a status of their own; all else comes from a command.
    guard exitCode(for: error) == .validationFailure else { return CommandFailure(error) }
    let message = message(for: error).oneLine
    return .usage(message.hasSuffix("help'") ? message : "\(message); see '\(named(arguments)) --help'")
  }

  /// `uniform generate` for the arguments of that command.
  private static func named(_ arguments: [String]) -> String {
    var command: any ParsableCommand.Type = Self.self
    var words = ["uniform"]
    for argument in arguments {
      let subcommands = command.configuration.subcommands
      guard let next = subcommands.first(where: { $0.configuration.commandName == argument }) else { break }
      command = next
      words.append(argument)
    }
    return words.joined(separator: " ")
  }
}

/// What a command is there to tell.
enum StandardOutput {
  /// - Throws: where it cannot be written, as on a full disk; not where whoever read it has gone.
  static func print(_ text: String) throws {
    var bytes = Array((text + "\n").utf8)[...]
    while !bytes.isEmpty {
      let written = bytes.withUnsafeBytes { write(STDOUT_FILENO, $0.baseAddress, $0.count) }
      if written < 0 && errno == EINTR { continue }
      if written < 0 && errno == EPIPE { return }
      guard written > 0 else {
        throw CommandFailure("the standard output cannot be written; is its disk full?", .inputOutput)
      }
      bytes = bytes.dropFirst(written)
    }
  }
}

enum StandardError {
  static func print(_ line: String) {
    try? FileHandle.standardError.write(contentsOf: Data((line + "\n").utf8))
  }
}
