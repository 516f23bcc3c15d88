internal import Foundation
internal import UniForm

/// Captions, and perhaps splits, by id or file name: a `.csv` or `.tsv` with a line of column names, or a `.jsonl`.
struct CaptionTable {
  struct Entry: Equatable {
    var caption: String?
    var split: String?
  }

  private var entries = ClipNames<Entry>()
  /// The lines that name no clip or cannot be read.
  let unread: UnreadRows?

  /// Those of files first: ids may be numbers of another kind.
  static let nameColumns = [
    "file_name", "filename", "path", "video_path", "file", "id", "ytid", "video", "name",
  ]
  static let captionColumns = ["caption", "text", "prompt", "description", "label", "class"]
  static let splitColumns = ["split", "set"]

  /// - Throws: ``DataError`` for a list without such columns.
  init(_ list: ListFile) throws(DataError) {
    let (objects, broken) =
      list.name.hasSuffix(".csv") || list.name.hasSuffix(".tsv") ? list.table : list.objects
    var nameless: [Int] = []
    var hasEntries = false
    for (line, fields) in objects {
      guard let name = Self.name(fields) else {
        nameless.append(line)
        continue
      }
      let caption = Self.captionColumns.lazy.compactMap { fields[$0] }.first
      let split = Self.splitColumns.lazy.compactMap { fields[$0] }.first
      entries.add(name, Entry(caption: caption, split: split.map(ClipList.splitName)))
      hasEntries = hasEntries || caption != nil || split != nil
    }
    let file = list.url.relativePath
    guard nameless.count < objects.count || objects.isEmpty else {
      throw .malformedList(
        file: file, line: nameless[0],
        reason: "it names no clip; known are the columns \(Self.nameColumns.joined(separator: ", "))")
    }
    guard hasEntries else {
      throw .malformedList(
        file: file, line: broken.first,
        reason: "it has no captions; known are the columns \(Self.captionColumns.joined(separator: ", "))")
    }
    let lines = (nameless + broken).sorted()
    unread = lines.first.map { UnreadRows(file: file, firstLine: $0, count: lines.count) }
  }

  /// What a clip is called in such fields.
  static func name(_ fields: [String: String]) -> String? { nameColumns.lazy.compactMap { fields[$0] }.first }

  func entry(of clip: SourceClip, in folder: MediaFolder) -> Entry? {
    entries.values(of: clip, in: folder).lazy.compactMap(\.self).first
  }

  func caption(of clip: SourceClip, in folder: MediaFolder) -> String? {
    entry(of: clip, in: folder)?.caption
  }
}

/// Ids to keep or to leave out, in any of the ways in which clips are named: one per line; of a `.csv` or `.tsv` the
/// column that a header names as that of clips, or the first; of a `.jsonl` the field of such a name.
struct IDList {
  private var names = ClipNames<Bool>()
  /// Of which all segments are meant.
  private var videos: Set<String> = []
  let count: Int
  let fingerprint: String

  init(_ url: URL) throws(DataError) {
    let names = Self.names(try ListFile(url))
    guard !names.isEmpty else {
      throw .malformedList(file: url.relativePath, line: nil, reason: "it has no ids; give one per line")
    }
    for name in names {
      self.names.add(name, true)
      guard let segment = ClipName(name).video else { continue }
      if segment.numbers.isEmpty { videos.insert(segment.video) }
      for id in segment.ids { self.names.add(id, true) }
    }
    count = names.count
    var hash = Hash64()
    for name in names { Array(name.utf8).withUnsafeBytes { hash.combine($0) } }
    fingerprint = hash.digits
  }

  private static func names(_ list: ListFile) -> [String] {
    if list.name.hasSuffix(".jsonl") || list.name.hasSuffix(".ndjson") {
      return list.objects.read.compactMap { CaptionTable.name($0.fields) }
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

  func contains(_ clip: SourceClip, in folder: MediaFolder) -> Bool {
    if names.values(of: clip, in: folder).contains(where: { _ in true }) { return true }
    return [clip.id, folder.path(of: clip.file)].contains {
      ClipName($0).video.map { videos.contains($0.video) } ?? false
    }
  }
}

extension ListFile {
  /// Rows by the names in the first one, in lower case, and the lines of those whose quote is never closed; empty fields
  /// are left out.
  fileprivate var table: (read: [(line: Int, fields: [String: String])], broken: [Int]) {
    let rows = rows
    guard let header = rows.first?.fields.map({ $0.lowercased() }) else { return ([], []) }
    let whole = rows.dropFirst().filter(\.isClosed)
    return (
      whole.map { row in
        let pairs = zip(header, row.fields).filter { !$1.isEmpty }
        return (row.line, Dictionary(pairs.map { ($0, $1) }, uniquingKeysWith: { first, _ in first }))
      }, rows.dropFirst().filter { !$0.isClosed }.map(\.line)
    )
  }

  /// One JSON object per line, and the lines that are none; what is no text or number is left out.
  fileprivate var objects: (read: [(line: Int, fields: [String: String])], broken: [Int]) {
    var read: [(line: Int, fields: [String: String])] = []
    var broken: [Int] = []
    for (index, line) in JSONLines.lines(of: text).enumerated() where !line.allSatisfy(\.isWhitespace) {
      guard let object = try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any] else {
        broken.append(index + 1)
        continue
      }
      let fields = object.compactMapValues { ($0 as? String) ?? ($0 as? NSNumber)?.stringValue }
      read.append((index + 1, fields.filter { !$0.value.isEmpty }))
    }
    return (read, broken)
  }
}
