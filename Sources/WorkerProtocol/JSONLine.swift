public import Foundation

/// One message, one line.
public enum JSONLine {
  /// No longer line is read: what a request holds is far shorter.
  public static let maximumLength = 1 << 20

  /// - Returns: sorted keys, with the end of the line.
  public static func encode(_ message: some Encodable) throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return try encoder.encode(message) + Data([UInt8(ascii: "\n")])
  }

  public static func decode<Message: Decodable>(_ type: Message.Type = Message.self, from line: Data) throws
    -> Message
  {
    try JSONDecoder().decode(type, from: line)
  }
}

/// Cuts what arrives in pieces into lines.
public struct LineSplitter: Sendable {
  private var rest = Data()
  private var isSkipping = false

  public init() {}

  /// The lines that `bytes` complete, without their ends; nil stands for one that was too long.
  public mutating func lines(with bytes: Data) -> [Data?] {
    var lines: [Data?] = []
    for byte in bytes {
      if byte == UInt8(ascii: "\n") {
        lines.append(isSkipping ? nil : rest)
        rest = Data()
        isSkipping = false
      } else if rest.count >= JSONLine.maximumLength {
        isSkipping = true
      } else {
        rest.append(byte)
      }
    }
    return lines
  }
}
