import Foundation
import Synchronization

/// Processes of this program that live and die together.
struct ProcessTeam {
  let count: Int
  let arguments: [String]

  /// How one of them ended.
  private struct End: Sendable {
    let rank: Int
    let status: Int32
    let wasKilled: Bool
    /// From here, because another one had failed.
    let wasDismissed: Bool

    var isFailure: Bool { wasKilled || status != 0 }
    /// Those that only lost another process are not the reason.
    var weight: Int {
      if wasDismissed || status == ExitStatus.unavailable.rawValue && !wasKilled { return 0 }
      return wasKilled ? 2 : 1
    }

    var reason: String {
      wasKilled ? "was killed by signal \(status)" : "ended with status \(status)"
    }
  }

  /// Each has a process group of its own, so Ctrl-C in a terminal reaches it only from here.
  private final class Members: Sendable {
    private let processes: Mutex<[Int32]> = Mutex([])
    private let interrupted = Atomic(false)
    private let dismissed = Atomic(false)
    var wasInterrupted: Bool { interrupted.load(ordering: .relaxed) }
    var wereDismissed: Bool { dismissed.load(ordering: .relaxed) }

    /// A process that has ended by now is not among them: its number may be another's.
    func add(_ process: Process) {
      processes.withLock { if process.isRunning { $0.append(process.processIdentifier) } }
    }
    func remove(_ identifier: Int32) { processes.withLock { $0.removeAll { $0 == identifier } } }
    func dismiss(_ number: Int32) {
      dismissed.store(true, ordering: .relaxed)
      signal(number)
    }
    func signal(_ number: Int32) { processes.withLock { for identifier in $0 { kill(identifier, number) } } }

    /// Not by SIGINT, which the processes ignore where this one was started in the background of a script.
    func interrupt() {
      interrupted.store(true, ordering: .relaxed)
      signal(SIGTERM)
    }
  }

  /// Where the task is cancelled, all are interrupted, and the wait goes on until they have ended.
  ///
  /// - Throws: the failure of the process that failed first; `CancellationError` after an interruption.
  func run() async throws {
    let port = try Self.freePort()
    let members = Members()
    Interruption.atEnd { members.signal(SIGKILL) }
    let (ends, continuation) = AsyncStream<End>.makeStream()
    for rank in 0..<count {
      let process = Process()
      process.executableURL = Bundle.main.executableURL
      process.arguments = arguments
      process.environment = ProcessInfo.processInfo.environment.merging([
        "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "\(port)", "WORLD_SIZE": "\(count)", "RANK": "\(rank)",
        "LOCAL_RANK": "\(rank)", "LOCAL_WORLD_SIZE": "\(count)",
      ]) { $1 }
      process.standardInput = FileHandle.nullDevice
      process.terminationHandler = { process in
        members.remove(process.processIdentifier)
        continuation.yield(
          End(
            rank: rank, status: process.terminationStatus,
            wasKilled: process.terminationReason == .uncaughtSignal,
            wasDismissed: members.wereDismissed && process.terminationReason == .uncaughtSignal
              && [SIGTERM, SIGKILL].contains(process.terminationStatus)))
      }
      do {
        try process.run()
      } catch {
        members.signal(SIGTERM)
        throw CommandFailure(
          "process \(rank) could not be started: \(error.localizedDescription)", .unavailable)
      }
      members.add(process)
    }
    let failures = await withTaskCancellationHandler {
      // In a task of its own: in a cancelled one the stream ends at once.
      await Task { await wait(for: ends, members) }.value
    } onCancel: {
      members.interrupt()
    }
    if Task.isCancelled { throw CancellationError() }
    guard let first = failures.max(by: { ($0.weight, $1.rank) < ($1.weight, $0.rank) }) else { return }
    let status = first.wasKilled ? .software : ExitStatus(rawValue: first.status) ?? .software
    let others = count > 1 ? "; the others were stopped" : ""
    throw CommandFailure("process \(first.rank) of \(count) \(first.reason)\(others)", status)
  }

  /// Until all have ended; after the first failure the others are asked to end, and then made to.
  private func wait(for ends: AsyncStream<End>, _ members: Members) async -> [End] {
    var failures: [End] = []
    var left = count
    for await end in ends {
      left -= 1
      if end.isFailure {
        if failures.isEmpty { Self.dismiss(members) }
        failures.append(end)
      }
      if left == 0 { break }
    }
    return failures
  }

  /// What lost another process ends by itself within a moment, with its own words. What was stopped goes on, to end.
  ///
  /// After an interruption all have been asked already, and one that leaves is no reason to disturb one that
  /// still saves.
  private static func dismiss(_ members: Members) {
    for (delay, numbers) in [(2.0, [SIGTERM, SIGCONT]), (30.0, [SIGKILL])] {
      DispatchQueue.global().asyncAfter(deadline: .now() + delay) {
        if !members.wasInterrupted { numbers.forEach(members.dismiss) }
      }
    }
  }

  /// A port that nobody listens on at this moment.
  private static func freePort() throws -> Int {
    let socket = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(socket) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let port = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address -> Bool in
        bind(socket, address, length) == 0 && getsockname(socket, address, &length) == 0
      }
    }
    guard socket >= 0, port else {
      throw CommandFailure("there is no free port for the processes to meet at", .unavailable)
    }
    return Int(UInt16(bigEndian: address.sin_port))
  }
}
