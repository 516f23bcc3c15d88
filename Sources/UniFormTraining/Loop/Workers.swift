internal import Foundation
internal import Synchronization
internal import Torch

/// Carries a value to worker threads that use disjoint parts of it.
struct Unchecked<Value>: @unchecked Sendable {
  let value: Value
}

/// Runs `body(0) … body(count − 1)` on one thread each and returns their results in order; throws the first error.
///
/// Each thread computes with its share of the cores.
func runWorkers<Result>(count: Int, _ body: @escaping (Int) throws -> Result) throws -> [Result] {
  let threads = max(1, ProcessInfo.processInfo.activeProcessorCount / count)
  let before = ComputeThreads.count
  defer { ComputeThreads.count = before }
  if count == 1 {
    ComputeThreads.count = threads
    return [try body(0)]
  }
  let slots = Mutex([Int: Unchecked<Swift.Result<Result, any Error>>]())
  let work = Unchecked(value: body)
  DispatchQueue.concurrentPerform(iterations: count) { worker in
    ComputeThreads.count = threads
    let outcome = Unchecked(value: Swift.Result { try work.value(worker) })
    slots.withLock { $0[worker] = outcome }
  }
  let results = slots.withLock { $0 }
  return try (0..<count).map { try results[$0]!.value.get() }
}

/// The same for work on plain values, such as rendering.
func concurrentMap<Element: Sendable>(count: Int, _ body: @Sendable @escaping (Int) -> Element) -> [Element] {
  let slots = Mutex([Element?](repeating: nil, count: count))
  DispatchQueue.concurrentPerform(iterations: count) { index in
    let element = body(index)
    slots.withLock { $0[index] = element }
  }
  return slots.withLock { $0.map { $0! } }
}
