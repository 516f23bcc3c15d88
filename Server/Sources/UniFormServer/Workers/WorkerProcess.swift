import SystemPackage
import Foundation
import Logging
import Subprocess
import Synchronization
import WorkerProtocol

/// How a worker ended.
struct WorkerEnding: Sendable, Equatable {
  /// A sentence without its subject: "was killed (signal 9): …".
  let reason: String
  /// Where the worker has none, the one of `sysexits.h` that says it.
  let exitStatus: Int32
  let memoryRanOut: Bool

  init(_ status: TerminationStatus?, lastWords: String?) {
    let words = lastWords.map { ": \($0)" } ?? ""
    switch status {
    case .exited(let code):
      reason = "ended with status \(code)\(words)"
      exitStatus = Int32(code)
      memoryRanOut = false
    case .signaled(let signal):
      memoryRanOut = signal == SIGKILL
      reason =
        memoryRanOut
        ? "was killed, as happens when memory runs out\(words)" : "crashed (signal \(signal))\(words)"
      exitStatus = memoryRanOut ? 75 : 70
    case nil:
      reason = "could not be started\(words)"
      exitStatus = 69
      memoryRanOut = false
    }
  }
}

/// What a process said last on standard error.
private final class LastWords: Sendable {
  let line = Mutex<String?>(nil)
}

/// One run of `uniform worker`, with pipes to it.
enum WorkerProcess {
  /// - Parameters:
  ///   - requests: what is sent; where it ends, so does the worker's input.
  ///   - receive: is called for each message, in order.
  static func run(
    executable: String, arguments: [String], requests: AsyncStream<WorkerRequest>, logger: Logger,
    started: @escaping @Sendable (Int32) -> Void,
    receive: @escaping @Sendable (WorkerEvent) async -> Void
  ) async -> WorkerEnding {
    var options = PlatformOptions()
    options.teardownSequence = [.gracefulShutDown(allowedDurationToNextStep: .milliseconds(500))]
    let words = LastWords()
    do {
      let result = try await Subprocess.run(
        Configuration(
          executable: executable.contains("/") ? .path(.init(executable)) : .name(executable),
          arguments: Arguments(arguments),
          // A backtrace would bury the line that says what went wrong.
          environment: .inherit.updating(["SWIFT_BACKTRACE": "enable=no"]), platformOptions: options),
        input: .inputWriter, output: .sequence, error: .sequence
      ) { execution in
        started(execution.processIdentifier.value)
        await withTaskGroup(of: Void.self) { group in
          let writer = execution.standardInputWriter
          group.addTask {
            for await request in requests {
              guard let line = try? JSONLine.encode(request) else { continue }
              // Where it is gone already, its output ends, too.
              _ = try? await writer.write(Array(line))
            }
            try? await writer.finish()
          }
          let errors = execution.standardError
          group.addTask {
            await eachLine(of: errors) { line in
              let text = String(decoding: line, as: UTF8.self)
              words.line.withLock { $0 = text.replacing("uniform: error: ", with: "") }
              logger.warning("worker: \(text)")
            }
          }
          let output = execution.standardOutput
          await eachLine(of: output) { line in
            do {
              await receive(try JSONLine.decode(from: line))
            } catch {
              logger.error("a message of the worker could not be read: \(error)")
            }
          }
          group.cancelAll()
        }
      }
      return WorkerEnding(result.terminationStatus, lastWords: words.line.withLock(\.self))
    } catch {
      return WorkerEnding(nil, lastWords: words.line.withLock(\.self) ?? "\(error)")
    }
  }

  private static func eachLine(
    of output: SubprocessOutputSequence, _ body: (Data) async -> Void
  ) async {
    var splitter = LineSplitter()
    do {
      for try await chunk in output {
        let bytes = chunk.withUnsafeBytes { Data($0) }
        for line in splitter.lines(with: bytes) {
          if let line, !line.isEmpty { await body(line) }
        }
      }
    } catch {
      // It ends with the process, which says why.
    }
  }
}
