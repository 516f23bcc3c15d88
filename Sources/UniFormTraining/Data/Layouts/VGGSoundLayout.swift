internal import Foundation

/// VGGSound (Chen et al. 2020): clips of ten seconds with one of 309 classes, which is their caption.
///
/// Lists: `vggsound.csv` without a header (`ytid, start seconds, label, split`), or `train.csv` and `test.csv`
/// (`name, label`), or a `.tsv` of `id` and `label`. Clips lie anywhere in the folder.
enum VGGSoundLayout {
  private struct Row {
    let video: String
    let start: Double
    let label: String?
    let split: String?
  }

  static func clips(in folder: MediaFolder, list: ListFile?) throws -> Listing {
    let files = YouTubeFiles(folder)
    var listing = Listing(clips: [])
    for list in try lists(in: folder, list) {
      let split = list.split
      for row in try listing.entries(
        of: list, "as VGGSound's lists do: ytid, start, label, split", { read($0, split) })
      {
        guard let (file, position) = files.find(row.video, at: row.start) else {
          listing.missing += 1
          continue
        }
        listing.clips.append(
          SourceClip(
            id: YouTubeName.id(row.video, row.start), file: file, position: position, caption: row.label,
            split: row.split))
      }
    }
    return listing
  }

  private static func lists(in folder: MediaFolder, _ list: ListFile?) throws -> [ListFile] {
    if let list { return [list] }
    let whole = try folder.lists { $0 == "vggsound.csv" }
    if let first = whole.first { return [first] }
    let named = try folder.lists { $0.hasPrefix("vggsound") && $0.hasSuffix(".csv") }
    if !named.isEmpty { return named }
    let parts = try folder.lists {
      ($0.hasSuffix(".csv") || $0.hasSuffix(".tsv")) && $0.contains(#/train|test|val/#)
    }
    guard !parts.isEmpty else {
      throw DataError.missingList(folder.root, layout: "vggsound", file: "vggsound.csv")
    }
    return parts
  }

  private static func read(_ fields: [String], _ split: String?) -> Row? {
    guard fields.count >= 2, let name = YouTubeName(URL(filePath: fields[0]).stem(ofMedia: fields[0])) else {
      return nil
    }
    // Labels have commas, and not every copy of the lists quotes them.
    func label(_ fields: some Sequence<String>) -> String { fields.joined(separator: ", ") }
    if name.numbers.isEmpty, let start = ListFile.seconds(fields[1]), fields.count >= 3 {
      guard fields.count > 3 else {
        return Row(video: name.video, start: start, label: fields[2], split: split)
      }
      return Row(
        video: name.video, start: start, label: label(fields[2..<fields.count - 1]),
        split: ClipList.splitName(fields.last!))
    }
    guard let start = name.start else { return nil }
    return Row(video: name.video, start: start, label: label(fields.dropFirst()), split: split)
  }
}

extension URL {
  /// A name in a list, without the ending of a media file; ids have dots nowhere.
  fileprivate func stem(ofMedia name: String) -> String {
    MediaFolder.videoEndings.contains(pathExtension.lowercased()) ? stem : name
  }
}
