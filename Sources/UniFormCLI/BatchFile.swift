import Foundation
import UniFormTraining

/// The list of clips that `--batch` reads: a CSV file with a header, or one JSON object per line.
///
/// The columns (or keys) are prompt, video, audio, seed, size, aspect and output; the last is required. Paths are relative to the
/// working directory, as on the command line.
struct BatchFile: Equatable {
  /// One clip to make, or what is wrong with its line.
  struct Row: Equatable {
    /// Where it begins in the file, from 1.
    let line: Int
    let content: Result<BatchEntry, CommandFailure>
  }

  let rows: [Row]

  /// - Throws: `CommandFailure` for a file that cannot be read at all. A bad line is only bad for itself.
  init(contentsOf url: URL) throws {
    let path = url.path(percentEncoded: false)
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), !isFolder.boolValue else {
      throw CommandFailure("'\(path)' is no file; give --batch a list that ends in .csv or .jsonl", .noInput)
    }
    guard let data = try? Data(contentsOf: url) else {
      throw CommandFailure("'\(path)' cannot be read; check its permissions", .noInput)
    }
    guard let text = String(data: data, encoding: .utf8) else {
      throw CommandFailure("'\(path)' is no UTF-8 text; save it as UTF-8", .badData)
    }
    switch url.pathExtension.lowercased() {
    case "csv": try self.init(csv: text, name: path)
    case "jsonl", "ndjson": self.init(jsonLines: text)
    default: throw CommandFailure.usage("'\(path)' must end in .csv or .jsonl; rename it")
    }
    guard !rows.isEmpty else {
      throw CommandFailure("'\(path)' lists no clips; add a line for each", .badData)
    }
  }

  init(csv text: String, name: String) throws {
    let table = CSV.rows(of: text)
    guard let header = table.first?.fields.map({ $0.trimmingCharacters(in: .whitespaces).lowercased() })
    else {
      throw CommandFailure("'\(name)' is empty; its first line must name the columns", .badData)
    }
    if let unknown = header.first(where: { !BatchEntry.keys.contains($0) }) {
      throw CommandFailure(
        "'\(name)' has the column '\(unknown)'; known are \(BatchEntry.keys.joined(separator: ", "))",
        .badData)
    }
    guard header.contains("output"), Set(header).count == header.count else {
      throw CommandFailure(
        "'\(name)' needs one column 'output' and each name once in its first line", .badData)
    }
    rows = table.dropFirst().map { row in
      func bad(_ what: String) -> Row {
        Row(line: row.line, content: .failure(CommandFailure(what, .badData)))
      }
      guard row.isClosed else { return bad("a quote is never closed") }
      guard row.fields.count == header.count else {
        return bad("it has \(row.fields.count) fields, the header \(header.count)")
      }
      let fields = Dictionary(uniqueKeysWithValues: zip(header, row.fields))
      return Row(line: row.line, content: BatchEntry.read(fields))
    }
  }

  init(jsonLines text: String) {
    rows = JSONLines.lines(of: text).enumerated().compactMap { index, line in
      guard !line.allSatisfy(\.isWhitespace) else { return nil }
      return Row(line: index + 1, content: BatchEntry.read(json: line))
    }
  }
}

extension NSNumber {
  /// JSON's `true` and `false` are numbers to Foundation.
  fileprivate var isBoolean: Bool { ["c", "B"].contains(String(cString: objCType)) }
}

/// One line of a batch file.
struct BatchEntry: Equatable {
  static let keys = ["prompt", "video", "audio", "seed", "size", "aspect", "output"]

  var prompt: String?
  var video: String?
  var audio: String?
  var seed: UInt64?
  var size = PictureSize.trained
  var output: String

  fileprivate static func read(json line: Substring) -> Result<BatchEntry, CommandFailure> {
    let object = try? JSONSerialization.jsonObject(with: Data(line.utf8))
    guard let object = object as? [String: Any] else { return failure("it is no JSON object") }
    var fields: [String: String] = [:]
    for (key, value) in object {
      switch value {
      case is NSNull: continue
      case let text as String: fields[key] = text
      case let number as NSNumber where ["seed", "size"].contains(key) && !number.isBoolean:
        fields[key] = number.stringValue
      default: return failure("'\(key)' must be \(key == "seed" ? "a number" : "a string")")
      }
    }
    return read(fields)
  }

  fileprivate static func read(_ fields: [String: String]) -> Result<BatchEntry, CommandFailure> {
    if let unknown = fields.keys.filter({ !keys.contains($0) }).min() {
      return failure("'\(unknown)' is unknown; known are \(keys.joined(separator: ", "))")
    }
    let given = fields.mapValues { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.value.isEmpty }
    guard let output = given["output"] else { return failure("it names no output") }
    var entry = BatchEntry(output: output)
    entry.prompt = given["prompt"]
    entry.video = given["video"]
    entry.audio = given["audio"]
    if let text = given["seed"] {
      guard let seed = UInt64(text) else {
        return failure("the seed '\(text)' is no whole number from 0 to \(UInt64.max)")
      }
      entry.seed = seed
    }
    do {
      entry.size = try PictureSize(size: given["size"], aspect: given["aspect"])
    } catch {
      return failure("the \(error)")
    }
    return .success(entry)
  }

  private static func failure(_ what: String) -> Result<BatchEntry, CommandFailure> {
    .failure(CommandFailure(what, .badData))
  }
}
