import Foundation
import Logging
import Synchronization
import WorkerProtocol

/// Keeps one worker running: a new one in place of one that ended, later each time it happens soon.
final class WorkerSupervisor: Sendable {
  let index: Int
  private let executable: String
  private let arguments: [String]
  private let logger: Logger

  init(index: Int, options: WorkerOptions, logger: Logger) {
    self.index = index
    executable = options.uniform
    arguments = options.arguments
    var logger = logger
    logger[metadataKey: "worker"] = "\(index)"
    self.logger = logger
  }

  /// Until the task is cancelled, or `center` closes.
  func run(_ center: JobCenter) async {
    let shortest = Duration.milliseconds(200)
    var pause = shortest
    while !Task.isCancelled {
      let start = ContinuousClock.now
      let (requests, outbox) = AsyncStream.makeStream(of: WorkerRequest.self)
      guard await center.workerStarts(index, outbox: outbox) else { return }
      let process = Mutex<Int32>(0)
      let ending = await WorkerProcess.run(
        executable: executable, arguments: arguments, requests: requests, logger: logger,
        started: { [logger] pid in
          process.withLock { $0 = pid }
          logger.info("a worker starts", metadata: ["process": "\(pid)"])
        },
        receive: { [index] in await center.received($0, from: index, process: process.withLock(\.self)) })
      guard await center.workerEnded(index, ending) else { return }
      pause = ContinuousClock.now - start > .seconds(60) ? shortest : min(pause * 2, .seconds(30))
      try? await Task.sleep(for: pause)
    }
  }
}
