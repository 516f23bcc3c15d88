internal import Foundation

/// AudioSet (Gemmeke et al. 2017): ten seconds with any number of classes, whose names are the caption.
///
/// Lists: `balanced_train_segments.csv`, `eval_segments.csv` and `unbalanced_train_segments.csv` (`ytid, start, end,
/// "classes"`), and `class_labels_indices.csv` with the names of the classes. Each list is a split.
enum AudioSetLayout {
  private struct Row {
    let video: String
    let start: Double
    let end: Double
    let classes: [Substring]
  }

  static func clips(in folder: MediaFolder, list: ListFile?) throws -> Listing {
    let lists = try list.map { [$0] } ?? folder.lists { $0.hasSuffix("segments.csv") }
    guard !lists.isEmpty else {
      throw DataError.missingList(folder.root, layout: "audioset", file: "balanced_train_segments.csv")
    }
    let names = try classNames(in: folder)
    let files = YouTubeFiles(folder)
    var listing = Listing(clips: [])
    for list in lists {
      let split = list.name.replacing(#/_segments.*/#, with: "")
      for row in try listing.entries(of: list, "as AudioSet's lists do: ytid, start, end, \"classes\"", read)
      {
        guard let (file, position) = files.find(row.video, at: row.start, length: row.end - row.start) else {
          listing.missing += 1
          continue
        }
        let labels = row.classes.compactMap { names[String($0)] }
        listing.clips.append(
          SourceClip(
            id: YouTubeName.id(row.video, row.start), file: file, position: position,
            caption: labels.joined(separator: ", "), split: split))
      }
    }
    return listing
  }

  private static func read(_ fields: [String]) -> Row? {
    guard fields.count >= 4, let name = YouTubeName(fields[0]), let start = ListFile.seconds(fields[1]),
      let end = ListFile.seconds(fields[2])
    else { return nil }
    let classes = fields[3...].joined(separator: ",").split { $0 == "," || $0 == " " || $0 == "\"" }
    return Row(video: name.video, start: start, end: end, classes: classes)
  }

  /// Names by machine id, such as `/m/09x0r`; empty without a list of them.
  static func classNames(in folder: MediaFolder) throws -> [String: String] {
    let indices = try folder.lists { $0 == "class_labels_indices.csv" }.first?
      .entries("index,mid,display_name") { fields -> (String, String)? in
        fields.count > 2 && fields[1].hasPrefix("/") ? (fields[1], fields[2...].joined(separator: ", ")) : nil
      }.understood
    let names = try folder.lists { $0 == "mid_to_display_name.tsv" }.first?
      .entries("mid and display name") { fields -> (String, String)? in
        fields.count > 1 && fields[0].hasPrefix("/") ? (fields[0], fields[1]) : nil
      }.understood
    return Dictionary((indices ?? []) + (names ?? []), uniquingKeysWith: { first, _ in first })
  }
}
