public import Foundation

/// One safetensors file, memory-mapped: tensors are views of the file until they are converted or moved.
public struct SafeTensors {
  public struct Entry: Sendable {
    public let dtype: DType
    public let shape: [Int]
    /// Byte range within the data section.
    let range: Range<Int>
  }

  public let url: URL
  public let entries: [String: Entry]
  /// The `__metadata__` strings.
  public let metadata: [String: String]
  private let file: MappedFile
  private let dataOffset: Int

  /// Throws ``WeightError`` for a file that is missing, truncated or no safetensors.
  public init(contentsOf url: URL) throws(WeightError) {
    let path = url.path
    func malformed(_ reason: String) -> WeightError { .malformed(file: path, reason: reason) }
    file = try MappedFile(path: path)
    let bytes = file.bytes
    if let other = Self.otherFormat(bytes) { throw malformed(other) }
    guard bytes.count >= 8 else { throw malformed("\(bytes.count) bytes are too few for a header") }
    let length = bytes.loadUnaligned(as: UInt64.self).littleEndian
    guard length <= UInt64(bytes.count - 8), length <= 100_000_000 else {
      throw malformed("its header says \(length) bytes and the file has \(bytes.count)")
    }
    dataOffset = 8 + Int(length)
    let dataCount = bytes.count - dataOffset
    let header = Data(bytes: bytes.baseAddress! + 8, count: Int(length))
    guard let object = try? JSONSerialization.jsonObject(with: header) as? [String: Any] else {
      throw malformed("its header is not JSON")
    }
    var entries: [String: Entry] = [:]
    var metadata: [String: String] = [:]
    for (name, value) in object {
      guard let fields = value as? [String: Any] else { throw malformed("entry \"\(name)\" is no object") }
      if name == "__metadata__" {
        metadata = fields.compactMapValues { $0 as? String }
        continue
      }
      guard let typeName = fields["dtype"] as? String, let shape = fields["shape"] as? [Int],
        let offsets = fields["data_offsets"] as? [Int], offsets.count == 2, shape.allSatisfy({ $0 >= 0 })
      else { throw malformed("entry \"\(name)\" lacks dtype, shape or data_offsets") }
      guard let dtype = DType(safeTensorsName: typeName) else {
        throw malformed("tensor \"\(name)\" has the unsupported dtype \(typeName)")
      }
      guard let count = byteCount(shape, dtype), offsets[0] >= 0, offsets[0] <= offsets[1],
        offsets[1] - offsets[0] == count
      else { throw malformed("tensor \"\(name)\" has offsets \(offsets) for \(dtype)\(shape)") }
      guard offsets[1] <= dataCount else {
        throw malformed("it is cut off: \"\(name)\" ends at byte \(offsets[1]) of \(dataCount)")
      }
      entries[name] = Entry(dtype: dtype, shape: shape, range: offsets[0]..<offsets[1])
    }
    self.url = url
    self.entries = entries
    self.metadata = metadata
  }

  /// What the file is instead, where its first bytes tell.
  private static func otherFormat(_ bytes: UnsafeRawBufferPointer) -> String? {
    if bytes.starts(with: [0x50, 0x4B, 3, 4])
      || bytes.starts(with: [0x80, 2]) && bytes.last == UInt8(ascii: ".")
    {
      return "it is a pickled checkpoint of PyTorch; convert it with Scripts/convert-checkpoint"
    }
    if bytes.starts(with: "version https://git-lfs".utf8) {
      return "it only names a large file (Git LFS); download the file itself, as with 'uniform pull'"
    }
    return nil
  }

  /// Gives back the memory of what was read; tensors stay valid and are read again when they are used. Only for files
  /// whose tensors were not changed in place.
  public func releasePages() { file.releasePages() }

  /// The tensor of this name in the file's dtype.
  public func tensor(_ name: String) throws(WeightError) -> Tensor {
    guard let entry = entries[name] else { throw .missing(tensor: name, file: url.path) }
    let start = dataOffset + entry.range.lowerBound
    let bytes = UnsafeRawBufferPointer(rebasing: file.bytes[start..<(dataOffset + entry.range.upperBound)])
    // Files of other writers may be unaligned, which vector loads do not forgive.
    guard !bytes.isEmpty, start % entry.dtype.size == 0 else {
      return Tensor(copying: bytes, shape: entry.shape, dtype: entry.dtype)
    }
    return Tensor(borrowing: bytes, shape: entry.shape, dtype: entry.dtype, owner: file)
  }
}

/// Bytes of a shape, or nil where no memory has so many: what is computed from lengths is sure not to overflow, strides
/// and sums of lengths included, also where another length is 0.
private func byteCount(_ shape: [Int], _ dtype: DType) -> Int? {
  var bound = dtype.size
  for length in shape {
    let (product, overflow) = bound.multipliedReportingOverflow(by: max(length, 1))
    guard !overflow, product < 1 << 56 else { return nil }
    bound = product
  }
  return shape.contains(0) ? 0 : bound
}

extension DType {
  private static let safeTensorsNames: [(DType, String)] = [
    (.float64, "F64"), (.float32, "F32"), (.float16, "F16"), (.bfloat16, "BF16"), (.int64, "I64"),
    (.int32, "I32"), (.int16, "I16"), (.int8, "I8"), (.uint8, "U8"), (.bool, "BOOL"),
  ]

  init?(safeTensorsName: String) {
    guard let match = Self.safeTensorsNames.first(where: { $0.1 == safeTensorsName }) else { return nil }
    self = match.0
  }

  var safeTensorsName: String { Self.safeTensorsNames.first { $0.0 == self }!.1 }
}
