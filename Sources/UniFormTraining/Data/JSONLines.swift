package import Foundation

/// One JSON object per line.
package enum JSONLines {
  /// Keys are sorted, so that equal values are equal bytes.
  package static func encode(_ values: some Sequence<some Encodable>) throws -> Data {
    try values.reduce(into: Data()) { $0 += try line($1) }
  }

  package static func line(_ value: some Encodable) throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return try encoder.encode(value) + Data("\n".utf8)
  }

  /// Those of a text, also empty ones, without their ends. Only a line feed ends one: JSON may hold other breaks in its
  /// strings, such as U+2028.
  package static func lines(of text: String) -> [Substring] {
    let feed = UInt8(ascii: "\n")
    return text.strippingByteOrderMark.utf8.split(separator: feed, omittingEmptySubsequences: false)
      .map { Substring($0.last == UInt8(ascii: "\r") ? $0.dropLast() : $0) }
  }

  package static func decode<Value: Decodable>(_ type: Value.Type, from data: Data) throws -> [Value] {
    let decoder = JSONDecoder()
    return try data.split(separator: UInt8(ascii: "\n")).map { try decoder.decode(type, from: $0) }
  }
}
