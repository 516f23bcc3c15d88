/// The numbers of the fields at the top level of a protobuf message, without decoding what they hold.
struct ProtobufFields: Sequence, IteratorProtocol {
  private let bytes: [UInt8]
  private var position = 0

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// `nil` at the end, or where the message is malformed.
  mutating func next() -> Int? {
    guard let key = varint() else { return nil }
    switch key & 7 {
    case 0: guard varint() != nil else { return nil }
    case 1: position += 8
    case 2:
      guard let length = varint(), length <= bytes.count - position else { return nil }
      position += Int(length)
    case 5: position += 4
    default: return nil
    }
    return Int(key >> 3)
  }

  private mutating func varint() -> UInt64? {
    var value: UInt64 = 0
    for shift in stride(from: UInt64(0), to: 64, by: 7) {
      guard position < bytes.count else { return nil }
      let byte = bytes[position]
      position += 1
      value |= UInt64(byte & 0x7F) << shift
      if byte < 0x80 { return value }
    }
    return nil
  }
}
