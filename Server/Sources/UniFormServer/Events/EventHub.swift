import Foundation
import Hummingbird
import Synchronization

/// Tells whoever watches what jobs are like now.
///
/// Each watcher has room for the latest state of each job: one that reads slowly misses states, never the last one, and
/// takes no more memory for it.
final class EventHub: Sendable {
  private let maximum: Int

  /// - Parameter maximum: how many may watch at once.
  init(maximum: Int = 2000) { self.maximum = maximum }

  private struct State {
    var watchers: [ObjectIdentifier: Watcher] = [:]
    var isClosed = false
  }
  private let state = Mutex(State())

  var count: Int { state.withLock { $0.watchers.count } }

  /// - Parameter job: nil for all.
  /// - Throws: where there are too many already.
  func watch(_ job: String?) throws -> Watcher {
    try state.withLock { state in
      try checkRoom(state)
      let watcher = Watcher(job: job)
      state.watchers[ObjectIdentifier(watcher)] = watcher
      return watcher
    }
  }

  /// - Throws: as ``watch(_:)`` would.
  func checkRoom() throws { try state.withLock { try checkRoom($0) } }

  private func checkRoom(_ state: State) throws {
    guard !state.isClosed, state.watchers.count < maximum else {
      throw APIError(.serviceUnavailable, "unavailable", "too many watch already; try again later")
    }
  }

  func leave(_ watcher: Watcher) {
    state.withLock { _ = $0.watchers.removeValue(forKey: ObjectIdentifier(watcher)) }
  }

  /// - Parameter event: encoded once, whoever reads it.
  func publish(_ job: String, _ event: ByteBuffer) {
    for watcher in watchers where watcher.job == nil || watcher.job == job { watcher.put(job, event) }
  }

  /// Keeps connections open, and finds those that are gone.
  func beat() {
    for watcher in watchers { watcher.put("", ByteBuffer(string: ": \n\n")) }
  }

  /// Ends every stream.
  func close() {
    let all = state.withLock { state in
      state.isClosed = true
      return Array(state.watchers.values)
    }
    for watcher in all { watcher.close() }
  }

  private var watchers: [Watcher] { state.withLock { Array($0.watchers.values) } }
}

/// One reader of events.
final class Watcher: Sendable {
  let job: String?
  private let pending = Mutex<(order: [String], events: [String: ByteBuffer])>(([], [:]))
  private let signal: AsyncStream<Void>
  private let wake: AsyncStream<Void>.Continuation

  init(job: String?) {
    self.job = job
    (signal, wake) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
  }

  fileprivate func put(_ job: String, _ event: ByteBuffer) {
    pending.withLock { pending in
      // Behind the others, so that numbers go up: who reconnects counts from the last one that came.
      if pending.events.updateValue(event, forKey: job) != nil { pending.order.removeAll { $0 == job } }
      pending.order.append(job)
    }
    wake.yield()
  }

  func close() { wake.finish() }

  /// All that came since the last call; waits where there is nothing. Nil at the end.
  func next() async -> ByteBuffer? {
    for await _ in signal {
      let (order, events) = pending.withLock { pending in
        defer { pending = ([], [:]) }
        return pending
      }
      guard !order.isEmpty else { continue }
      // Usually one, which all watchers share.
      if order.count == 1 { return events[order[0]] }
      var buffer = ByteBuffer()
      for job in order {
        if var event = events[job] { buffer.writeBuffer(&event) }
      }
      return buffer
    }
    return nil
  }
}
