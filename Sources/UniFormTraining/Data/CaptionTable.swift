internal import Foundation

/// Captions, and perhaps splits, by id or file name: a `.csv` or `.tsv` with a line of column names, or a `.jsonl`.
struct CaptionTable {
  struct Entry: Equatable {
    var caption: String?
    var split: String?
  }

  private var entries: [String: Entry] = [:]
  /// Short names that several different clips have.
  private var ambiguous: Set<String> = []

  static let nameColumns = [
    "id", "file_name", "filename", "path", "video", "file", "video_path", "name", "ytid",
  ]
  static let captionColumns = ["caption", "text", "prompt", "description", "label", "class"]
  static let splitColumns = ["split", "set"]

  var isEmpty: Bool { entries.isEmpty }

  /// - Throws: ``DataError`` for a list without such columns.
  init(_ list: ListFile) throws(DataError) {
    let objects = list.name.hasSuffix(".csv") || list.name.hasSuffix(".tsv") ? list.table : list.objects
    for (line, fields) in objects {
      guard let name = Self.name(fields) else {
        throw .malformedList(
          file: list.url.relativePath, line: line,
          reason: "it names no clip; known are the columns \(Self.nameColumns.joined(separator: ", "))")
      }
      let caption = Self.captionColumns.lazy.compactMap { fields[$0] }.first
      let split = Self.splitColumns.lazy.compactMap { fields[$0] }.first
      add(name, Entry(caption: caption, split: split.map(ClipList.splitName)))
    }
    guard entries.values.contains(where: { $0.caption != nil || $0.split != nil }) else {
      throw .malformedList(
        file: list.url.relativePath, line: nil,
        reason: "it has no captions; known are the columns \(Self.captionColumns.joined(separator: ", "))")
    }
  }

  /// What a clip is called in such fields.
  static func name(_ fields: [String: String]) -> String? { nameColumns.lazy.compactMap { fields[$0] }.first }

  private mutating func add(_ name: String, _ entry: Entry) {
    for (index, key) in ClipKey.keys(name).enumerated() {
      if index == 0 {
        entries[key] = entry
        ambiguous.remove(key)
      } else if let known = entries[key], known != entry {
        ambiguous.insert(key)
      } else {
        entries[key] = entry
      }
    }
  }

  func entry(of clip: SourceClip, path: String) -> Entry? {
    ClipKey.keys(of: clip, path: path).lazy.filter { !ambiguous.contains($0) }.compactMap { entries[$0] }
      .first
  }

  func caption(of clip: SourceClip, path: String) -> String? { entry(of: clip, path: path)?.caption }
}

/// Ids to keep or to leave out, in any of the ways in which clips are named: one per line; of a `.csv` or `.tsv` the
/// column that a header names as that of clips, or the first; of a `.jsonl` the field of such a name.
struct IDList {
  private let ids: Set<String>
  let count: Int
  let fingerprint: String

  init(_ url: URL) throws(DataError) {
    let names = Self.names(try ListFile(url))
    guard !names.isEmpty else {
      throw .malformedList(file: url.relativePath, line: nil, reason: "it has no ids; give one per line")
    }
    ids = Set(names.flatMap(ClipKey.keys))
    count = names.count
    fingerprint = ClipKey.fingerprint(names)
  }

  private static func names(_ list: ListFile) -> [String] {
    if list.name.hasSuffix(".jsonl") || list.name.hasSuffix(".ndjson") {
      return list.objects.compactMap { CaptionTable.name($0.fields) }
    }
    guard list.name.hasSuffix(".csv") || list.name.hasSuffix(".tsv") else { return list.lines }
    let rows = list.rows.map(\.fields)
    let column = rows.first?.firstIndex { CaptionTable.nameColumns.contains($0.lowercased()) }
    return rows.dropFirst(column == nil ? 0 : 1).compactMap { name(Array($0.dropFirst(column ?? 0))) }
  }

  /// VGGSound and AudioSet have the beginning in the column that follows.
  private static func name(_ fields: [String]) -> String? {
    guard fields.count > 1, let name = YouTubeName(fields[0]), name.numbers.isEmpty,
      let start = ListFile.seconds(fields[1])
    else { return fields.first }
    return YouTubeName.id(name.video, start)
  }

  func contains(_ clip: SourceClip, path: String) -> Bool {
    ClipKey.keys(of: clip, path: path).contains(where: ids.contains)
  }
}

extension ListFile {
  /// Rows by the names in the first one, in lower case; empty fields are left out.
  fileprivate var table: [(line: Int, fields: [String: String])] {
    let rows = rows
    guard let header = rows.first?.fields.map({ $0.lowercased() }) else { return [] }
    return rows.dropFirst().map { row in
      let pairs = zip(header, row.fields).filter { !$1.isEmpty }
      return (row.line, Dictionary(pairs.map { ($0, $1) }, uniquingKeysWith: { first, _ in first }))
    }
  }

  /// One JSON object per line; what is no text or number is left out, and so are lines that are no objects.
  fileprivate var objects: [(line: Int, fields: [String: String])] {
    JSONLines.lines(of: text).enumerated().compactMap { index, line in
      guard let object = try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any] else {
        return nil
      }
      let fields = object.compactMapValues { ($0 as? String) ?? ($0 as? NSNumber)?.stringValue }
      return (index + 1, fields.filter { !$0.value.isEmpty })
    }
  }
}
