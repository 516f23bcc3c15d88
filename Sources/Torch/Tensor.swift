internal import CTorch

/// An n-dimensional array of libtorch. Copies share their elements, as in libtorch itself.
///
/// Deliberately not `Sendable`: gradient mode, thread pool and streams are per thread in libtorch, so one
/// thread owns a pipeline and its tensors.
public struct Tensor {
  let handle: Handle

  /// Takes over one reference.
  init(owned pointer: ct_tensor) { handle = Handle(pointer) }

  var pointer: ct_tensor { handle.pointer }

  /// The reference that a tensor holds.
  final class Handle {
    let pointer: ct_tensor
    init(_ pointer: ct_tensor) { self.pointer = pointer }
    deinit { ct_tensor_release(pointer) }
  }
}

extension Tensor {
  public var shape: [Int] {
    let count = Int(ct_tensor_dimension_count(pointer))
    guard count > 0, let sizes = ct_tensor_sizes(pointer) else { return [] }
    return (0..<count).map { Int(sizes[$0]) }
  }

  /// The length of one axis; negative axes count from the end.
  public func size(_ axis: Int) -> Int {
    let count = Int(ct_tensor_dimension_count(pointer))
    let index = axis < 0 ? axis + count : axis
    precondition(index >= 0 && index < count, "axis \(axis) of a tensor of shape \(shape)")
    return Int(ct_tensor_sizes(pointer)[index])
  }

  public var rank: Int { Int(ct_tensor_dimension_count(pointer)) }
  public var count: Int { shape.reduce(1, *) }
  public var dtype: DType { DType(rawValue: ct_tensor_dtype(pointer))! }
  public var device: Device { Device(packed: ct_tensor_device(pointer)) }
  public var isContiguous: Bool { ct_tensor_is_contiguous(pointer) }
  /// Whether the channels (axis 1 of four or five) of a pixel lie side by side in memory, pixel after pixel.
  public var isChannelsLast: Bool { ct_tensor_is_channels_last(pointer) }
}

// MARK: Values in and out

extension Tensor {
  /// A tensor of copied values.
  public init<Element: TensorElement>(_ values: [Element], shape: [Int]? = nil, device: Device = .cpu) {
    let shape = shape ?? [values.count]
    precondition(shape.reduce(1, *) == values.count, "\(values.count) values for shape \(shape)")
    let host = values.withUnsafeBytes { Tensor(copying: $0, shape: shape, dtype: Element.dtype) }
    self = host.to(device)
  }

  /// A zero-dimensional tensor.
  public init<Element: TensorElement>(_ value: Element, device: Device = .cpu) {
    self.init([value], shape: [], device: device)
  }

  /// A tensor over a copy of raw little-endian memory.
  public init(copying bytes: UnsafeRawBufferPointer, shape: [Int], dtype: DType) {
    precondition(bytes.count == shape.reduce(dtype.size, *), "\(bytes.count) bytes for \(dtype)\(shape)")
    self = .empty(shape, dtype: dtype)
    // Inside an error scope a failed allocation leaves a placeholder, which is smaller.
    guard self.shape == shape else { return }
    if let target = ct_tensor_data(pointer), let source = bytes.baseAddress {
      target.copyMemory(from: source, byteCount: bytes.count)
    }
  }

  /// A tensor over memory that `owner` keeps alive and nobody writes; nothing is copied.
  package init(borrowing bytes: UnsafeRawBufferPointer, shape: [Int], dtype: DType, owner: AnyObject) {
    precondition(bytes.count == shape.reduce(dtype.size, *), "\(bytes.count) bytes for \(dtype)\(shape)")
    var result: ct_tensor?
    let status = ct_tensor_from_memory(
      UnsafeMutableRawPointer(mutating: bytes.baseAddress), shape.map(Int64.init), Int32(shape.count),
      dtype.rawValue, Unmanaged.passRetained(owner).toOpaque(),
      { Unmanaged<AnyObject>.fromOpaque($0!).release() }, &result)
    guard status == CT_OK, let result else {
      fatalError(TorchError(status: status, operation: "from_memory").description)
    }
    self.init(owned: result)
  }

  /// All elements in row-major order, converted to `Element` where the dtype differs.
  public func values<Element: TensorElement>(as type: Element.Type = Element.self) -> [Element] {
    withUnsafeBytes(of: Element.dtype) { Array($0.bindMemory(to: Element.self)) }
  }

  public var floats: [Float] { values() }

  /// The only element, as a number.
  public var item: Double {
    precondition(count == 1, "item of a tensor of shape \(shape)")
    return values(as: Double.self)[0]
  }

  /// The elements as contiguous memory of the given type on the host.
  public func withUnsafeBytes<Result>(
    of dtype: DType? = nil, _ body: (UnsafeRawBufferPointer) throws -> Result
  ) rethrows -> Result {
    let dense = detached.to(dtype ?? self.dtype).to(.cpu).contiguous
    return try withExtendedLifetime(dense) {
      let start = dense.count == 0 ? nil : ct_tensor_data(dense.pointer)
      return try body(
        UnsafeRawBufferPointer(start: start, count: start == nil ? 0 : dense.count * dense.dtype.size))
    }
  }
}

/// Swift types that are elements of tensors.
public protocol TensorElement { static var dtype: DType { get } }

extension Float: TensorElement { public static var dtype: DType { .float32 } }
extension Double: TensorElement { public static var dtype: DType { .float64 } }
extension Int: TensorElement { public static var dtype: DType { .int64 } }
extension Int32: TensorElement { public static var dtype: DType { .int32 } }
extension UInt8: TensorElement { public static var dtype: DType { .uint8 } }
extension Bool: TensorElement { public static var dtype: DType { .bool } }

extension Tensor: CustomStringConvertible {
  public var description: String { "\(dtype)\(shape)" + (device.kind == .cpu ? "" : "@\(device)") }
}
