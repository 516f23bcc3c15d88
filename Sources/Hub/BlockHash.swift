/// A hash over blocks of 64 bytes, with the padding that SHA-1 and SHA-256 share (FIPS 180-4, section 5.1.1).
protocol BlockHash {
  /// Bytes given so far, and those of them that do not fill a block yet.
  var tail: BlockTail { get set }
  /// As big-endian words.
  var state: [UInt32] { get }

  /// - Parameter blocks: a multiple of 64 bytes.
  mutating func absorb(_ blocks: UnsafeRawBufferPointer)
}

struct BlockTail {
  var count: UInt64 = 0
  var bytes: [UInt8] = []
}

extension BlockHash {
  mutating func update(_ bytes: some Collection<UInt8>) {
    tail.count += UInt64(bytes.count)
    let bytes = tail.bytes.isEmpty ? ContiguousArray(bytes) : ContiguousArray(tail.bytes) + bytes
    let whole = bytes.count / 64 * 64
    bytes.withUnsafeBytes { absorb(UnsafeRawBufferPointer(rebasing: $0[..<whole])) }
    tail.bytes = Array(bytes[whole...])
  }

  /// The digest; nothing can be added afterwards.
  mutating func finish() -> [UInt8] {
    let bits = tail.count * 8
    let zeros = (119 - tail.bytes.count) % 64
    update([0x80] + [UInt8](repeating: 0, count: zeros) + bits.bigEndianBytes)
    return state.flatMap(\.bigEndianBytes)
  }
}

extension FixedWidthInteger {
  fileprivate var bigEndianBytes: [UInt8] { withUnsafeBytes(of: bigEndian) { Array($0) } }

  /// Rotated to the right.
  func rotated(_ count: Int) -> Self { self &>> Self(count) | self &<< Self(Self.bitWidth - count) }
}
