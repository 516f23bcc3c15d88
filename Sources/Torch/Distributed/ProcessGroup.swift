internal import CTorch
internal import Foundation

/// Processes that compute together, on one machine or several: libtorch's own c10d with its Gloo backend.
///
/// Every process calls the same collectives in the same order. A process that ends closes its connections, so that the
/// others' next call throws ``DistributedError`` at once; one that hangs is noticed after the timeout.
public final class ProcessGroup: @unchecked Sendable {
  public let rank: Int
  public let size: Int
  private let pointer: ct_group

  /// Meets the others at `host:port`, where rank 0 listens.
  ///
  /// - Parameter timeout: how long to wait for the others, here and in each collective, in seconds.
  public init(host: String, port: Int, rank: Int, size: Int, timeout: Double = 300) throws {
    precondition(size > 0 && (0..<size).contains(rank), "rank \(rank) of \(size)")
    var result: ct_group?
    let status = ct_group_create(
      host, Int32(port), Int32(rank), Int32(size), Int64(timeout * 1000), &result)
    guard status == CT_OK, let result else {
      throw DistributedError(rank: rank, size: size, action: "could not meet the others at \(host):\(port)")
    }
    self.rank = rank
    self.size = size
    pointer = result
  }

  deinit { ct_group_release(pointer) }

  /// Something that is under way.
  public final class Work {
    private let pointer: ct_work
    private let group: ProcessGroup
    /// What it reads and writes.
    private let tensor: Tensor

    fileprivate init(_ pointer: ct_work, _ group: ProcessGroup, _ tensor: Tensor) {
      self.pointer = pointer
      self.group = group
      self.tensor = tensor
    }

    /// To be called once.
    public func wait() throws {
      if ct_work_wait(pointer) != CT_OK { throw group.failure() }
    }
  }

  /// The sum over all processes, in place, of a contiguous tensor on the CPU; the same bits everywhere.
  public func startAllReduce(_ tensor: Tensor) throws -> Work {
    try start(tensor) { ct_group_all_reduce(pointer, tensor.pointer, $0) }
  }

  public func allReduce(_ tensor: Tensor) throws { try startAllReduce(tensor).wait() }

  /// Everybody gets what `root` has, in place.
  public func broadcast(_ tensor: Tensor, root: Int) throws {
    try start(tensor) { ct_group_broadcast(pointer, tensor.pointer, Int32(root), $0) }.wait()
  }

  public func send(_ tensor: Tensor, to rank: Int) throws {
    try start(tensor) { ct_group_send(pointer, tensor.pointer, Int32(rank), $0) }.wait()
  }

  public func receive(_ tensor: Tensor, from rank: Int) throws {
    try start(tensor) { ct_group_receive(pointer, tensor.pointer, Int32(rank), $0) }.wait()
  }

  /// Waits until everybody is here.
  public func barrier() throws {
    if ct_group_barrier(pointer) != CT_OK { throw failure() }
  }

  private func start(
    _ tensor: Tensor, _ body: (UnsafeMutablePointer<ct_work?>) -> ct_status
  ) throws -> Work {
    precondition(
      tensor.isContiguous && tensor.device.kind == .cpu, "collectives take dense tensors on the CPU")
    var work: ct_work?
    guard body(&work) == CT_OK, let work else { throw failure() }
    return Work(work, self, tensor)
  }

  private func failure() -> DistributedError {
    DistributedError(rank: rank, size: size, action: "lost the others")
  }
}

/// The other processes are not there, or no longer.
public struct DistributedError: Error, Sendable, CustomStringConvertible {
  public let description: String

  /// With libtorch's last message on this thread.
  init(rank: Int, size: Int, action: String) {
    let text = String(cString: ct_error_message())
    let first = text.split(separator: "\n").first.map(String.init) ?? text
    description = "worker \(rank) of \(size) \(action): \(first)"
  }
}
