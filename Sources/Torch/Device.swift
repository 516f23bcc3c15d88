internal import CTorch

/// Where a tensor lives.
public struct Device: Sendable, Equatable, CustomStringConvertible {
  /// libtorch's device types that this package is used on.
  public enum Kind: Int32, Sendable, CaseIterable {
    case cpu = 0
    case cuda = 1
    case mps = 13
    /// Shapes without elements: see ``Device/outline``.
    case meta = 14
  }

  public let kind: Kind
  /// −1 means the current device of its kind.
  public let index: Int

  public init(_ kind: Kind, index: Int = -1) {
    self.kind = kind
    self.index = index
  }

  public static let cpu = Device(.cpu)
  public static let cuda = Device(.cuda, index: 0)
  public static let mps = Device(.mps, index: 0)
  /// Where tensors have shapes but no elements, and operators take no time: work that is done here tells what it would
  /// take on a CPU (``DryRun``). Values cannot be read.
  public static let outline = Device(.meta)

  /// Whether work takes the paths of the CPU here.
  public var worksLikeCPU: Bool { kind == .cpu || kind == .meta }

  /// Whether this machine has this device and libtorch can use it.
  public var isAvailable: Bool { index < Self.count(of: kind) }

  /// How many devices of a kind libtorch can use here.
  public static func count(of kind: Kind) -> Int { Int(ct_device_count(kind.rawValue)) }

  /// The device of this kind for one of several processes on this machine: GPUs are given to them in turn.
  ///
  /// - Parameter localRank: among the processes of this machine.
  public func assigned(toLocalRank localRank: Int) -> Device {
    let count = Self.count(of: kind)
    return kind == .cuda && count > 0 ? Device(kind, index: localRank % count) : self
  }

  /// Waits until everything queued on the device is done.
  public func synchronize() throws {
    try TorchError.check(ct_device_synchronize(kind.rawValue, Int32(index)), operation: "synchronize")
  }

  public var description: String { index < 0 ? "\(kind)" : "\(kind):\(index)" }

  package var packed: Int64 { Int64(kind.rawValue) << 32 | Int64(UInt32(bitPattern: Int32(index))) }

  package init(packed: Int64) {
    self.init(Kind(rawValue: Int32(packed >> 32)) ?? .cpu, index: Int(Int32(truncatingIfNeeded: packed)))
  }
}

/// Threads that libtorch uses inside one operator on the CPU: a property of the calling thread, and from then on the
/// default of new threads.
public enum ComputeThreads {
  /// At least 1; less counts as 1.
  public static var count: Int {
    get { Int(ct_thread_count()) }
    set {
      // A thread takes over the default of all threads when it first asks for its count, and would do so after this.
      _ = ct_thread_count()
      ct_set_thread_count(Int32(clamping: max(newValue, 1)))
    }
  }
}
