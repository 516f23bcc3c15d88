internal import Foundation

/// Scalars as TensorBoard reads them: an `events.out.tfevents` file of records, each a protocol buffer between its length
/// and its checksum.
final class TensorBoardWriter {
  private let file: FileHandle

  /// A new file in the folder: TensorBoard joins the files of a run.
  init(folder: URL) throws {
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    let process = ProcessInfo.processInfo
    // A second run within the same second must not continue the first one's file.
    let time = String(format: "%010.0f.%06d", Date.now.timeIntervalSince1970, Int.random(in: 0..<1_000_000))
    let url = folder.appending(
      path: "events.out.tfevents.\(time).\(process.hostName).\(process.processIdentifier)")
    guard FileManager.default.createFile(atPath: url.path, contents: nil) else {
      throw TrainingError("\(url.path): cannot be written", .inputOutput)
    }
    file = try FileHandle(forWritingTo: url)
    write { $0.string(3, "brain.Event:2") }
  }

  /// Tells TensorBoard that later steps of earlier files do not count.
  func begin(step: Int) {
    write {
      $0.integer(2, step)
      $0.message(7) { $0.integer(1, 1) }  // session_log.status: START
    }
  }

  func write(step: Int, _ values: [(String, Double)]) {
    write { event in
      event.integer(2, step)
      event.message(5) { summary in
        for (name, value) in values where value.isFinite {
          summary.message(1) {
            $0.string(1, name)
            $0.float(2, Float(value))
          }
        }
      }
    }
  }

  private func write(_ fill: (inout ProtobufMessage) -> Void) {
    var event = ProtobufMessage()
    event.double(1, Date.now.timeIntervalSince1970)
    fill(&event)
    let length = withUnsafeBytes(of: UInt64(event.bytes.count).littleEndian) { Array($0) }
    // What is not written is missed less than the run.
    try? file.write(
      contentsOf: Data(length + CRC32C.masked(length) + event.bytes + CRC32C.masked(event.bytes)))
  }
}

/// The fields of a protocol buffer that events need.
struct ProtobufMessage {
  private(set) var bytes: [UInt8] = []

  mutating func integer(_ field: Int, _ value: Int) {
    varint(UInt64(field << 3))
    varint(UInt64(bitPattern: Int64(value)))
  }

  mutating func double(_ field: Int, _ value: Double) {
    varint(UInt64(field << 3 | 1))
    withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes += $0 }
  }

  mutating func float(_ field: Int, _ value: Float) {
    varint(UInt64(field << 3 | 5))
    withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes += $0 }
  }

  mutating func string(_ field: Int, _ value: String) { delimited(field, Array(value.utf8)) }

  mutating func message(_ field: Int, _ fill: (inout ProtobufMessage) -> Void) {
    var message = ProtobufMessage()
    fill(&message)
    delimited(field, message.bytes)
  }

  private mutating func delimited(_ field: Int, _ content: [UInt8]) {
    varint(UInt64(field << 3 | 2))
    varint(UInt64(content.count))
    bytes += content
  }

  private mutating func varint(_ value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }
}

/// The checksum of records: Castagnoli's polynomial, rotated and offset so that it may be stored among what it covers.
enum CRC32C {
  private static let table: [UInt32] = (0..<256).map { byte in
    (0..<8).reduce(UInt32(byte)) { value, _ in value & 1 == 1 ? value >> 1 ^ 0x82F6_3B78 : value >> 1 }
  }

  static func checksum(_ bytes: [UInt8]) -> UInt32 {
    ~bytes.reduce(~UInt32(0)) { $0 >> 8 ^ table[Int(UInt8(truncatingIfNeeded: $0) ^ $1)] }
  }

  static func masked(_ bytes: [UInt8]) -> [UInt8] {
    let sum = checksum(bytes)
    let masked = (sum >> 15 | sum << 17) &+ 0xA282_EAD8
    return withUnsafeBytes(of: masked.littleEndian) { Array($0) }
  }
}
