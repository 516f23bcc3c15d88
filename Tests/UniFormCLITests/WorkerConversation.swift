import Foundation
import Testing
import WorkerProtocol

/// A worker with the bundled model, and what is said to it and by it.
final class WorkerConversation: Sendable {
  private let process: Process
  private let input: FileHandle
  private let events: AsyncStream<Result<WorkerEvent, any Error>>

  init(in folder: URL) throws {
    let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..").standardized
    let program = Program(
      folder: folder, environment: ["UNIFORM_MODELS": root.appending(path: "Models").path])
    let (process, output, _) = program.process(["worker"])
    let pipe = Pipe()
    process.standardInput = pipe
    process.standardError = FileHandle.standardError
    try process.run()
    self.process = process
    input = pipe.fileHandleForWriting
    let reader = output.fileHandleForReading
    events = AsyncStream { continuation in
      Thread.detachNewThread {
        var splitter = LineSplitter()
        while case let bytes = reader.availableData, !bytes.isEmpty {
          for line in splitter.lines(with: bytes) {
            continuation.yield(Result { try JSONLine.decode(from: line ?? Data()) })
          }
        }
        continuation.finish()
      }
    }
  }

  deinit { if process.isRunning { process.terminate() } }

  func send(_ request: WorkerRequest) throws { try input.write(contentsOf: JSONLine.encode(request)) }

  func write(_ text: String) { try? input.write(contentsOf: Data(text.utf8)) }

  func next() async throws -> WorkerEvent {
    for await event in events { return try event.get() }
    throw CocoaError(.fileReadUnknown)
  }

  /// Ends it as the system does when memory runs out.
  func kill() {
    Foundation.kill(process.processIdentifier, SIGKILL)
    process.waitUntilExit()
  }

  /// Closes its input; the exit status.
  func end() async -> Int32 {
    try? input.close()
    return await withCheckedContinuation { continuation in
      Thread.detachNewThread { [process] in
        process.waitUntilExit()
        continuation.resume(returning: process.terminationStatus)
      }
    }
  }
}
