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
  mutating func update(_ bytes: [UInt8]) { bytes.withUnsafeBytes { update($0) } }

  mutating func update(_ bytes: UnsafeRawBufferPointer) {
    tail.count += UInt64(bytes.count)
    // Only what completes a block that was begun is copied.
    let head = tail.bytes.isEmpty ? 0 : min(bytes.count, 64 - tail.bytes.count)
    tail.bytes += bytes[..<head]
    if tail.bytes.count == 64 {
      tail.bytes.withUnsafeBytes { absorb($0) }
      tail.bytes = []
    }
    let end = head + (bytes.count - head) / 64 * 64
    absorb(UnsafeRawBufferPointer(rebasing: bytes[head..<end]))
    tail.bytes += bytes[end...]
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
