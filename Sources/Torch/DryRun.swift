internal import CTorch

/// Work that is outlined instead of done: the same code on ``Device/outline``, with every tensor it makes counted.
public final class DryRun: @unchecked Sendable {  // confined to the task that opened it
  @TaskLocal static var current: DryRun?
  var operations = Operations()

  /// What the work in `body` would take on a CPU, in one thread. It runs on tensors of ``Device/outline`` alone;
  /// the parameters of a network among them come from ``ParameterStore/dryRun(dtype:)``.
  ///
  /// - Throws: what `body` throws, and ``TorchError`` for an operator that cannot be outlined.
  public static func measure(_ body: () throws -> Void) throws -> Workload {
    let run = DryRun()
    let before = memory()
    ct_outline_memory_restart()
    try $current.withValue(run) {
      try OperationCount.counting { try catchingTorchErrors(body) }
    }
    let after = memory()
    return Workload(
      peakBytes: after.peak - before.live, lastingBytes: after.live - before.live,
      movedBytes: after.total - before.total, operations: run.operations)
  }

  private static func memory() -> (live: Int, peak: Int, total: Int) {
    var (live, peak, total) = (0 as Int64, 0 as Int64, 0 as Int64)
    ct_outline_memory(&live, &peak, &total)
    return (Int(live), Int(peak), Int(total))
  }
}

/// What a piece of work takes.
public struct Workload: Sendable, Equatable, Codable {
  /// The most that tensors take at once, beyond what was there before; bytes.
  public var peakBytes = 0
  /// What is still there at the end.
  public var lastingBytes = 0
  /// All that was made: what the work writes.
  public var movedBytes = 0
  public var operations = Operations()

  public init() {}

  init(peakBytes: Int, lastingBytes: Int, movedBytes: Int, operations: Operations) {
    self.peakBytes = peakBytes
    self.lastingBytes = lastingBytes
    self.movedBytes = movedBytes
    self.operations = operations
  }
}

extension Workload {
  /// The same work `count` times, one after another.
  public func repeated(_ count: Int) -> Workload {
    var work = self
    work.movedBytes *= count
    work.operations.products *= count
    work.operations.convolutions *= count
    work.operations.calls *= count
    return work
  }

  /// One piece of work after another.
  public static func + (a: Workload, b: Workload) -> Workload {
    var sum = Workload()
    sum.peakBytes = max(a.peakBytes, a.lastingBytes + b.peakBytes)
    sum.lastingBytes = a.lastingBytes + b.lastingBytes
    sum.movedBytes = a.movedBytes + b.movedBytes
    sum.operations.products = a.operations.products + b.operations.products
    sum.operations.convolutions = a.operations.convolutions + b.operations.convolutions
    sum.operations.calls = a.operations.calls + b.operations.calls
    return sum
  }
}

/// Takes less address space from here on, for a process that has little; to be called before it has threads.
public func saveAddressSpace() { ct_save_address_space() }

/// Gives memory that libtorch freed, and that is kept for later, back to the system.
public func releaseFreeMemory() { ct_release_free_memory() }
