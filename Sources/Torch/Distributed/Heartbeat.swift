internal import CTorch
internal import Foundation

/// Tells the other processes of a group that this one lives, and notices where one of them no longer does: one that was
/// stopped, or whose machine is gone.
///
/// It has threads of its own, so that it does not matter how long a step of the work takes. A process that hangs
/// somewhere in its work still has a pulse; for that there is the time limit of each message.
final class Heartbeat: @unchecked Sendable {
  private let pointer: ct_pulse
  private let rank: Int
  private let timeout: Double
  private let condition = NSCondition()
  private var isOver = false
  /// Of all processes, as they were last heard.
  private var beats: [Int64]
  private var reason: String?
  private var abort: (() -> Void)?

  /// - Parameters:
  ///   - timeout: seconds without a beat after which a process counts as lost.
  ///   - meetingTimeout: for the first beat, which waits for those of all.
  /// - Returns: nil where the others are not there; libtorch's last message on this thread says why.
  init?(host: String, port: Int, rank: Int, size: Int, timeout: Double, meetingTimeout: Double) {
    var result: ct_pulse?
    let limit = Int64(meetingTimeout * 1000)
    guard ct_pulse_create(host, Int32(port), Int32(rank), Int32(size), limit, &result) == CT_OK, let result
    else { return nil }
    pointer = result
    self.rank = rank
    self.timeout = timeout
    beats = [Int64](repeating: 0, count: size)
    guard ct_pulse_beat(pointer, 1, &beats) == CT_OK else { return nil }
    Thread.detachNewThread { self.beat() }
    Thread.detachNewThread { self.watch() }
  }

  deinit { ct_pulse_release(pointer) }

  /// What became of the others, where one of them gives no sign of life any more.
  var loss: String? { condition.withLock { reason } }

  /// Ends both threads. The others take it for a loss, which matters to them only if they still need this process.
  func stop() {
    condition.withLock {
      isOver = true
      condition.broadcast()
    }
  }

  /// Runs `body`, and `abort` in another thread where a process is lost meanwhile.
  func withAbort<Result>(_ abort: @escaping () -> Void, _ body: () throws -> Result) rethrows -> Result {
    condition.withLock {
      self.abort = abort
      if reason != nil { abort() }
    }
    defer { condition.withLock { self.abort = nil } }
    return try body()
  }

  /// Waits; false where it is over.
  private func pause(_ seconds: Double) -> Bool {
    let end = Date.now.addingTimeInterval(seconds)
    return condition.withLock {
      while !isOver && condition.wait(until: end) {}
      return !isOver
    }
  }

  private func beat() {
    var heard = condition.withLock { beats }
    var count = 1 as Int64
    while pause(min(timeout / 4, 5)) {
      count += 1
      // Where nobody answers any more, the silence is noticed below.
      guard ct_pulse_beat(pointer, count, &heard) == CT_OK else { return }
      condition.withLock { beats = heard }
    }
  }

  /// Counts moments in which nothing was heard, not time: where a whole machine slept, nobody is lost.
  private func watch() {
    let ticks = 40
    var last = condition.withLock { beats }
    var silence = [Int](repeating: 0, count: last.count)
    while pause(timeout / Double(ticks)) {
      let now = condition.withLock { beats }
      for member in now.indices { silence[member] = now[member] == last[member] ? silence[member] + 1 : 0 }
      last = now
      // Who does not hear itself has lost the first process, where all beats are kept.
      guard let lost = silence[rank] >= ticks ? 0 : silence.firstIndex(where: { $0 >= ticks }) else {
        continue
      }
      return condition.withLock {
        reason = "worker \(lost) has given no sign of life for \(timeout.formatted()) s"
        abort?()
      }
    }
  }
}
