internal import Dispatch
internal import Foundation
internal import Synchronization
internal import Torch

/// Networks up to this width gain nothing from dividing their products among threads, and lose much where the machine is
/// busy: each of their pieces is computed inside one thread. The products of wider ones are divided by rows, which no sum
/// notices.
let widestInOneThread = 512

/// Computes independent pieces of work and returns them in order.
///
/// On the CPU each piece is computed inside one thread, and up to `ComputeThreads.count` pieces at once: convolutions
/// and some matrix products of libtorch round differently for every number of threads they are divided among, and so
/// they are never divided (Docs/Decisions/0004-determinism.md). The pieces are the same whatever the number of
/// threads, and so are the bits.
///
/// - Parameters:
///   - atOnce: the most pieces that are computed at the same time, for large ones.
///   - progress: called on the calling thread with the number of finished pieces; throwing stops the work.
///   - compute: must not change anything that another piece uses; called without gradients.
func independentPieces<Piece>(
  _ count: Int, on device: Device, atOnce: Int = .max, progress: (Int) throws -> Void = { _ in },
  compute: @escaping (Int) throws -> Piece
) throws -> [Piece] {
  try progress(0)
  let threads = ComputeThreads.count
  let workers = min(count, threads, atOnce)
  guard device.kind == .cpu, workers > 1 else {
    if device.kind == .cpu && threads > 1 { ComputeThreads.count = 1 }
    defer { if ComputeThreads.count != threads { ComputeThreads.count = threads } }
    return try (0..<count).map { index in
      // At once, before anything is made of what a failed operator left.
      let piece = try catchingTorchErrors { try compute(index) }
      try progress(index + 1)
      return piece
    }
  }
  // The workers set libtorch's default for new threads, too.
  defer { ComputeThreads.count = threads }
  let queue = PieceQueue(count: count, workers: workers, compute: compute)
  for _ in 0..<workers {
    let thread = Thread { queue.work() }
    thread.stackSize = 16 << 20
    thread.start()
  }
  return try queue.results(progress: progress)
}

/// Pieces that several threads take from, and what became of them.
private final class PieceQueue<Piece>: Sendable {
  private struct State {
    var next = 0
    var isStopped = false
    var workers: Int
    var results: [Int: Unchecked<Result<Piece, any Error>>] = [:]
  }

  private let count: Int
  private let compute: Unchecked<(Int) throws -> Piece>
  private let state: Mutex<State>
  /// A piece is finished, or a worker has left.
  private let events = DispatchSemaphore(value: 0)

  init(count: Int, workers: Int, compute: @escaping (Int) throws -> Piece) {
    self.count = count
    self.compute = Unchecked(value: compute)
    state = Mutex(State(workers: workers))
  }

  /// What each thread does.
  func work() {
    ComputeThreads.count = 1
    while let index = take() {
      let result = Unchecked(
        value: Result { try withoutGradient { try catchingTorchErrors { try compute.value(index) } } })
      state.withLock { state in
        state.results[index] = result
        if case .failure = result.value { state.isStopped = true }
      }
      events.signal()
    }
    state.withLock { $0.workers -= 1 }
    events.signal()
  }

  private func take() -> Int? {
    state.withLock { state in
      guard state.next < count, !state.isStopped else { return nil }
      state.next += 1
      return state.next - 1
    }
  }

  /// Waits until every worker has left, in any case: what they compute with belongs to the caller.
  func results(progress: (Int) throws -> Void) throws -> [Piece] {
    var refusal: (any Error)?
    var reported = 0
    var isWorking = true
    while isWorking {
      events.wait()
      let finished = state.withLock { $0.results.count }
      isWorking = state.withLock { $0.workers > 0 }
      guard finished > reported, refusal == nil else { continue }
      reported = finished
      do {
        try progress(finished)
      } catch {
        refusal = error
        state.withLock { $0.isStopped = true }
      }
    }
    if let refusal { throw refusal }
    let results = state.withLock { $0.results }
    for index in results.keys.sorted() { _ = try results[index]?.value.get() }
    return try (0..<count).map { try results[$0]!.value.get() }
  }
}

/// Carries a value to threads that only read it.
private struct Unchecked<Value>: @unchecked Sendable {
  let value: Value
}
