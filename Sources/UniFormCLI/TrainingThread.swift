import Foundation
import Synchronization

/// A thread for work that keeps one for hours: libtorch has settings per thread, and the pool of asynchronous work must
/// not be blocked.
enum TrainingThread {
  /// Set once the task that waits for the thread is cancelled.
  final class Cancellation: Sendable {
    private let flag = Atomic(false)
    var isCancelled: Bool { flag.load(ordering: .relaxed) }
    fileprivate func cancel() { flag.store(true, ordering: .relaxed) }
  }

  static func run(_ body: @escaping @Sendable (Cancellation) throws -> Void) async throws {
    let cancellation = Cancellation()
    try await withTaskCancellationHandler {
      try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
        let thread = Thread { continuation.resume(with: Result { try body(cancellation) }) }
        thread.stackSize = 16 << 20
        thread.start()
      }
    } onCancel: {
      cancellation.cancel()
    }
  }

  /// Waits for asynchronous work on such a thread.
  static func wait<Value: Sendable>(for body: @escaping @Sendable () async throws -> Value) throws -> Value {
    let box = Box<Value>()
    Task.detached {
      let value: Result<Value, any Error>
      do { value = .success(try await body()) } catch { value = .failure(error) }
      box.result.withLock { $0 = value }
      box.done.signal()
    }
    box.done.wait()
    return try box.result.withLock { $0! }.get()
  }

  private final class Box<Value: Sendable>: Sendable {
    let done = DispatchSemaphore(value: 0)
    let result = Mutex<Result<Value, any Error>?>(nil)
  }
}
