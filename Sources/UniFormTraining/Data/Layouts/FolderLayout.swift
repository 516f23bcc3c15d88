internal import Foundation

/// Clips in folders. Captions stand in lists (`metadata.csv` or `.jsonl` as for Hugging Face's VideoFolder, or any other with
/// a column of files and one of captions, such as Open-Sora's) or beside the clip, in a `.txt` or a `.json` of its name.
/// The folders `train`, `val` and `test`, or a column, are the split.
enum FolderLayout {
  static func clips(in folder: MediaFolder, list: ListFile?) throws -> Listing {
    let tables = try list.map { [try CaptionTable($0)] } ?? tables(in: folder)
    let beside = Dictionary(
      folder.texts.filter { ["txt", "json"].contains($0.pathExtension.lowercased()) }
        .map { ($0.deletingPathExtension().path, $0) }, uniquingKeysWith: { first, _ in first })
    return Listing(
      clips: folder.files.map { file in
        let path = folder.path(of: file)
        let clip = SourceClip(
          id: path, file: file, caption: beside[file.deletingPathExtension().path].flatMap(caption),
          split: folder.split(of: file))
        let entries = tables.compactMap { $0.entry(of: clip, in: folder) }
        return SourceClip(
          id: path, file: file, caption: entries.lazy.compactMap(\.caption).first ?? clip.caption,
          split: entries.lazy.compactMap(\.split).first ?? clip.split)
      }, unread: tables.compactMap(\.unread))
  }

  /// Lists of something else do no harm.
  private static func tables(in folder: MediaFolder) throws -> [CaptionTable] {
    try folder.lists { name in ["csv", "tsv", "jsonl", "ndjson"].contains { name.hasSuffix(".\($0)") } }
      .compactMap { try? CaptionTable($0) }
  }

  private static func caption(_ file: URL) -> String? {
    guard let data = try? Data(contentsOf: file) else { return nil }
    guard file.pathExtension.lowercased() == "json" else { return String(data: data, encoding: .utf8) }
    let object = try? JSONSerialization.jsonObject(with: data) as? [String: Any]
    return CaptionTable.captionColumns.lazy.compactMap { object?[$0] as? String }.first
  }
}
