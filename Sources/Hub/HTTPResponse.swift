package import Foundation

/// Status, headers and body, out of the bytes that came over the wire.
package struct HTTPResponse: Equatable, Sendable {
  package let status: Int
  /// By lower-case name; of several, the last.
  package let headers: [String: String]
  package let body: Data

  package subscript(_ name: String) -> String? { headers[name.lowercased()] }

  /// Nil for what is no response.
  init?(_ bytes: [UInt8]) {
    var rest = Data(bytes)[...]
    while let end = rest.range(of: Data("\r\n\r\n".utf8)) {
      let lines = String(decoding: rest[..<end.lowerBound], as: UTF8.self).split(separator: "\r\n")
      rest = rest[end.upperBound...]
      let words = lines.first?.split(separator: " ") ?? []
      guard words.count > 1, words[0].hasPrefix("HTTP/"), let status = Int(words[1]) else { return nil }
      // Interim responses come before the real one.
      if (100..<200).contains(status) { continue }
      self.status = status
      headers = Dictionary(
        lines.dropFirst().compactMap { line in
          guard let colon = line.firstIndex(of: ":") else { return nil }
          return (
            line[..<colon].lowercased(),
            line[line.index(after: colon)...].trimmingCharacters(in: .whitespaces)
          )
        }, uniquingKeysWith: { $1 })
      body = Data(rest)
      return
    }
    return nil
  }

  /// Where to look instead.
  var redirection: String? { (300..<400).contains(status) ? self["Location"] : nil }

  /// Seconds from now, whichever of its two forms the header has.
  package func retryAfter(now: Date = Date()) -> Double? {
    guard let text = self["Retry-After"] else { return nil }
    if let seconds = Double(text) { return (0...1e9).contains(seconds) ? seconds : nil }
    let formatter = DateFormatter()
    formatter.locale = Locale(identifier: "en_US_POSIX")
    formatter.timeZone = TimeZone(secondsFromGMT: 0)
    formatter.dateFormat = "EEE, dd MMM yyyy HH:mm:ss zzz"
    return formatter.date(from: text).map { max(0, $0.timeIntervalSince(now).rounded(.up)) }
  }

  /// The entity tag of the content itself, also where this is a redirect to it: without quotes and weakness.
  var entityTag: String? {
    (self["X-Linked-Etag"] ?? self["ETag"])?.replacing(#/^W\//#, with: "")
      .trimmingCharacters(in: CharacterSet(charactersIn: "\""))
  }

  /// Bytes of the content itself.
  var contentSize: Int? {
    (self["X-Linked-Size"] ?? (redirection == nil ? self["Content-Length"] : nil)).flatMap { Int($0) }
      .flatMap { $0 >= 0 ? $0 : nil }
  }
}
