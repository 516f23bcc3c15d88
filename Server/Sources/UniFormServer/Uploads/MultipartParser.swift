import Foundation

/// `multipart/form-data` (RFC 7578) as it arrives, piece by piece; holds no more of it than a boundary is long.
struct MultipartParser {
  enum Event: Equatable {
    /// A part begins: the field's name and, of a file, what it is called.
    case part(name: String, filename: String?)
    case data(Data)
    case endOfPart
  }

  struct Malformed: Error {}

  private enum State { case preamble, headers, content, epilogue }
  private let delimiter: Data
  private var state = State.preamble
  private var buffer = Data("\r\n".utf8)
  private static let maximumHeaders = 16 << 10

  /// - Returns: nil for a content type that is another, or names no boundary.
  init?(contentType: String) {
    guard contentType.lowercased().hasPrefix("multipart/form-data"),
      let match = contentType.firstMatch(
        of: /[bB][oO][uU][nN][dD][aA][rR][yY]=(?:"([^"]{1,70})"|([^;,\s"]{1,70}))/)
    else { return nil }
    delimiter = Data("\r\n--\(match.1 ?? match.2 ?? "")".utf8)
  }

  var isComplete: Bool { state == .epilogue }

  mutating func events(with bytes: some Sequence<UInt8>) throws -> [Event] {
    buffer.append(contentsOf: bytes)
    var events: [Event] = []
    while try step(&events) {}
    return events
  }

  /// - Returns: whether there may be more to find.
  private mutating func step(_ events: inout [Event]) throws -> Bool {
    switch state {
    case .preamble:
      guard let range = buffer.range(of: delimiter) else {
        buffer = Data(buffer.suffix(delimiter.count))
        return false
      }
      return startPart(after: range.upperBound)
    case .headers:
      guard let end = buffer.range(of: Data("\r\n\r\n".utf8)) else {
        guard buffer.count < Self.maximumHeaders else { throw Malformed() }
        return false
      }
      events.append(try Self.part(String(decoding: buffer[..<end.lowerBound], as: UTF8.self)))
      // The line end that belongs to a delimiter may be the one that ends the headers.
      buffer = Data(buffer[(end.upperBound - 2)...])
      toSkip = 2
      state = .content
      return true
    case .content:
      guard let range = buffer.range(of: delimiter) else {
        let kept = delimiter.count - 1
        if buffer.count > kept { emit(buffer.prefix(buffer.count - kept), &events) }
        buffer = Data(buffer.suffix(kept))
        return false
      }
      // Whether it is the last one, the next two bytes tell.
      guard buffer.distance(from: range.upperBound, to: buffer.endIndex) >= 2 else { return false }
      emit(buffer[..<range.lowerBound], &events)
      events.append(.endOfPart)
      return startPart(after: range.upperBound)
    case .epilogue:
      buffer = Data()
      return false
    }
  }

  /// Bytes in front of the content: the line end of the headers.
  private var toSkip = 0

  private mutating func emit(_ bytes: Data, _ events: inout [Event]) {
    let skipped = min(toSkip, bytes.count)
    toSkip -= skipped
    if bytes.count > skipped { events.append(.data(Data(bytes.dropFirst(skipped)))) }
  }

  private mutating func startPart(after index: Data.Index) -> Bool {
    let rest = Data(buffer[index...])
    guard rest.count >= 2 else {
      // Not yet known whether this is the end: looked at again from the delimiter on.
      buffer = delimiter + rest
      state = .preamble
      return false
    }
    state = rest.starts(with: Data("--".utf8)) ? .epilogue : .headers
    // Headers begin after a line end, so that an empty block of headers is found, too.
    buffer = rest
    return true
  }

  private static func part(_ headers: String) throws -> Event {
    for line in headers.split(separator: "\r\n") where line.lowercased().hasPrefix("content-disposition:") {
      guard let name = line.firstMatch(of: /[;\s]name="([^"]*)"/)?.1 else { throw Malformed() }
      let filename = line.firstMatch(of: /filename="([^"]*)"/)?.1
      return .part(name: String(name), filename: filename.map(String.init))
    }
    throw Malformed()
  }
}
