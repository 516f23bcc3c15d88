import Foundation
import Logging

/// One line per message on standard error: words and fields for people, or JSON for programs.
struct StructuredLog: LogHandler {
  let label: String
  let isJSON: Bool
  var metadata: Logger.Metadata = [:]
  var logLevel = Logger.Level.info

  init(label: String, isJSON: Bool) {
    self.label = label
    self.isJSON = isJSON
  }

  subscript(metadataKey key: String) -> Logger.Metadata.Value? {
    get { metadata[key] }
    set { metadata[key] = newValue }
  }

  func log(event: LogEvent) {
    let time = Date.now.formatted(.iso8601.year().month().day().time(includingFractionalSeconds: true))
    var fields = metadata.merging(event.metadata ?? [:]) { $1 }.mapValues { "\($0)" }
    let line: String
    if isJSON {
      fields["time"] = time
      fields["level"] = event.level.rawValue
      fields["message"] = "\(event.message)"
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
      line = String(decoding: (try? encoder.encode(fields)) ?? Data(), as: UTF8.self)
    } else {
      let pairs = fields.sorted { $0.key < $1.key }.map { " \($0.key)=\($0.value)" }.joined()
      line = "\(time) \(event.level.rawValue) \(event.message)\(pairs)"
        .replacing(/[\p{Cc}]/, with: " ")
    }
    try? FileHandle.standardError.write(contentsOf: Data((line + "\n").utf8))
  }
}
