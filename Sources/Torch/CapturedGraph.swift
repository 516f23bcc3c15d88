internal import CTorch

/// Work of a CUDA device, captured once and replayed as a whole: the device runs hundreds of small kernels without
/// waiting for the processor to queue each of them.
///
/// A replay computes with the same tensors as the capture: what is new for it is copied into them before
/// (``Tensor/copy_(_:)``), and ``output`` holds its result until the next replay.
public final class CapturedGraph<Output> {
  /// What `body` returned; each replay writes into these tensors anew.
  public let output: Output
  private let pointer: ct_graph

  /// - Parameter body: run twice, once to warm up. Everything it does must happen on the device: to create a tensor
  ///   from numbers, or to read one, is an error. No gradients.
  /// - Throws: `TorchError` where the device has no graphs or `body` cannot be captured.
  public init(on device: Device, _ body: @escaping () throws -> Output) throws {
    let capture = Capture(body: body)
    var pointer: ct_graph?
    let status = withExtendedLifetime(capture) {
      ct_graph_capture(
        device.kind.rawValue, Int32(device.index),
        { Unmanaged<AnyCapture>.fromOpaque($0!).takeUnretainedValue().run() },
        Unmanaged<AnyCapture>.passUnretained(capture).toOpaque(), &pointer)
    }
    // What the body met comes first: that the capture failed follows from it.
    if case .failure(let error) = capture.result {
      if let pointer { ct_graph_release(pointer) }
      throw error
    }
    try TorchError.check(status, operation: "capture")
    guard let pointer, let output = try capture.result?.get() else {
      preconditionFailure("a capture without error has a result")
    }
    self.pointer = pointer
    self.output = output
  }

  deinit { ct_graph_release(pointer) }

  /// Queues all of it on the device.
  public func replay() throws {
    try TorchError.check(ct_graph_replay(pointer), operation: "replay")
  }
}

extension Device {
  /// Whether a ``CapturedGraph`` can be made on it.
  public var hasGraphs: Bool { ct_graph_is_available(kind.rawValue) }
}

/// What the C callback calls, whatever its result.
private class AnyCapture {
  func run() -> Bool { false }
}

private final class Capture<Output>: AnyCapture {
  private let body: () throws -> Output
  /// Of the last run.
  private(set) var result: Result<Output, any Error>?

  init(body: @escaping () throws -> Output) { self.body = body }

  override func run() -> Bool {
    // Not while the next one is computed: its memory would be taken twice.
    result = nil
    result = Result { try withoutGradient { try catchingTorchErrors(body) } }
    if case .success = result { return true }
    return false
  }
}
