internal import CTorch
internal import Foundation

/// Processes that compute together, on one machine or several: libtorch's own c10d, with its Gloo backend for what lies in
/// the host's memory and its NCCL backend for what lies on GPUs.
///
/// Every process calls the same collectives in the same order. A process that ends closes its connections, so that the
/// others' next call throws ``DistributedError`` at once; so does one that was stopped or whose machine is gone, after the
/// timeout. One that lives and does not come to a collective is waited for half an hour.
public final class ProcessGroup: @unchecked Sendable {
  public let rank: Int
  public let size: Int
  /// Where sums and broadcasts are at their fastest: this process's own GPU with NCCL, otherwise the CPU.
  public let device: Device
  private let pointer: ct_group
  private let heartbeat: Heartbeat
  /// Seconds that a collective waits for processes that live.
  private static let patience = 1800.0

  /// Meets the others at `host:port`, where rank 0 listens.
  ///
  /// - Parameters:
  ///   - device: a CUDA device that no other process of the group has, whose tensors go from GPU to GPU over NCCL; or
  ///     the CPU, for Gloo alone.
  ///   - timeout: seconds without a sign of life after which a process counts as lost.
  ///   - meetingTimeout: seconds to wait here for the others.
  public init(
    host: String, port: Int, rank: Int, size: Int, device: Device = .cpu, timeout: Double = 60,
    meetingTimeout: Double = 300
  ) throws {
    precondition(size > 0 && (0..<size).contains(rank), "rank \(rank) of \(size)")
    func failure() -> DistributedError {
      DistributedError(rank: rank, size: size, action: "could not meet the others at \(host):\(port)")
    }
    let meeting = Int64(meetingTimeout * 1000)
    var result: ct_group?
    let status = ct_group_create(
      host, Int32(port), Int32(rank), Int32(size), meeting, Int64(Self.patience * 1000), &result)
    guard status == CT_OK, let result else { throw failure() }
    if device.kind == .cuda, ct_group_use_nccl(result, Int32(device.index), meeting) != CT_OK {
      let failure = DistributedError(
        rank: rank, size: size, action: "could not meet the others on \(device), a GPU of its own")
      ct_group_release(result)
      throw failure
    }
    let heartbeat = Heartbeat(
      host: host, port: port, rank: rank, size: size, timeout: timeout, meetingTimeout: meetingTimeout)
    guard let heartbeat else {
      let failure = failure()
      ct_group_release(result)
      throw failure
    }
    self.rank = rank
    self.size = size
    self.device = device.kind == .cuda ? device : .cpu
    self.heartbeat = heartbeat
    pointer = result
  }

  deinit {
    heartbeat.stop()
    // With a process that is lost its release would wait for the messages that are under way.
    if heartbeat.loss == nil { ct_group_release(pointer) }
  }

  /// Something that is under way.
  public final class Work {
    private let pointer: ct_work
    private let group: ProcessGroup
    /// What it reads and writes.
    private let tensor: Tensor?

    fileprivate init(_ pointer: ct_work, _ group: ProcessGroup, _ tensor: Tensor?) {
      self.pointer = pointer
      self.group = group
      self.tensor = tensor
    }

    deinit { ct_work_release(pointer) }

    public func wait() throws {
      var isDone = false
      while !isDone {
        guard ct_work_wait_for(pointer, 1000, &isDone) == CT_OK else { throw group.failure() }
        if !isDone, group.heartbeat.loss != nil { throw group.failure() }
      }
    }

    /// Of what sends or receives, which only its end or ``ct_work_abort`` ends.
    fileprivate func waitForPeer() throws {
      let status = group.heartbeat.withAbort({ [pointer] in ct_work_abort(pointer) }) {
        ct_work_wait(pointer)
      }
      guard status == CT_OK, group.heartbeat.loss == nil else { throw group.failure() }
    }
  }

  /// The sum over all processes, in place, of a contiguous tensor on the CPU or on ``device``; the same bits everywhere.
  public func startAllReduce(_ tensor: Tensor) throws -> Work {
    try start(tensor) { ct_group_all_reduce(pointer, tensor.pointer, $0) }
  }

  public func allReduce(_ tensor: Tensor) throws { try startAllReduce(tensor).wait() }

  /// Everybody gets what `root` has, in place: a contiguous tensor on the CPU or on ``device``.
  public func broadcast(_ tensor: Tensor, root: Int) throws {
    try start(tensor) { ct_group_broadcast(pointer, tensor.pointer, Int32(root), $0) }.wait()
  }

  /// Of a contiguous tensor on the CPU, like ``receive(_:from:)``.
  public func send(_ tensor: Tensor, to rank: Int) throws {
    try start(tensor) { ct_group_send(pointer, tensor.pointer, Int32(rank), $0) }.waitForPeer()
  }

  public func receive(_ tensor: Tensor, from rank: Int) throws {
    try start(tensor) { ct_group_receive(pointer, tensor.pointer, Int32(rank), $0) }.waitForPeer()
  }

  /// Waits until everybody is here.
  public func barrier() throws {
    try start(nil) { ct_group_barrier(pointer, $0) }.wait()
  }

  private func start(
    _ tensor: Tensor?, _ body: (UnsafeMutablePointer<ct_work?>) -> ct_status
  ) throws -> Work {
    precondition(
      tensor.map { $0.isContiguous && ($0.device.kind == .cpu || $0.device == device) } ?? true,
      "collectives take dense tensors on the CPU or the group's device")
    var work: ct_work?
    guard heartbeat.loss == nil, body(&work) == CT_OK, let work else { throw failure() }
    return Work(work, self, tensor)
  }

  private func failure() -> DistributedError {
    let failure = DistributedError(
      rank: rank, size: size, action: "lost the others", reason: heartbeat.loss)
    ct_group_abort(pointer)
    return failure
  }
}

/// The other processes are not there, or no longer.
public struct DistributedError: Error, Sendable, CustomStringConvertible {
  public let description: String

  /// - Parameter reason: nil takes libtorch's last message on this thread.
  init(rank: Int, size: Int, action: String, reason: String? = nil) {
    let text = reason ?? String(cString: ct_error_message())
    let first = text.split(separator: "\n").first.map(String.init) ?? text
    description = "worker \(rank) of \(size) \(action): \(first)"
  }
}
