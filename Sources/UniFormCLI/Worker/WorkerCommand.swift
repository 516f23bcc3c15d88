import ArgumentParser
import Foundation
import Media
import UniForm
import WorkerProtocol

struct WorkerCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "worker",
    abstract: "Make clips for another program, which asks for them through a pipe.",
    discussion: """
      Reads requests from standard input and writes what becomes of them to standard output, one JSON object per \
      line; Docs/Worker.md describes both. The model stays loaded from clip to clip. Whatever is wrong with a \
      request is said in an answer to it, and the next one is awaited. When the input ends, a clip that is being \
      made is given up, and the program ends.
      """)

  @OptionGroup(title: "Machine") var machine: MachineOptions

  func run() async throws {
    // Before anything is said: what libraries print must not come between the messages.
    let channel = WorkerChannel()
    try await MediaTools.check()
    let worker = try ClipWorker(
      directory: ModelLocation.open(machine.model), machine: machine, channel: channel)
    channel.send(.ready(worker.description))
    await MediaLimits.$current.withValue(.strangers) {
      for await request in channel.requests { await worker.handle(request) }
      await worker.finish()
    }
    try Task.checkCancellation()
    // libtorch may still be at a step of what was given up; destructors of its libraries must not run meanwhile.
    _exit(0)
  }
}
