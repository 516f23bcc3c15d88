internal import Foundation

/// AudioSet with strong labels (Hershey et al. 2021): every sound event with its times. The caption names the classes
/// that sound in the part of the clip that is used, in the order in which they begin.
///
/// Lists: `audioset_train_strong.tsv` and `audioset_eval_strong.tsv` (`segment_id`, start, end, class), where ids are
/// `ytid_<milliseconds>`, and `mid_to_display_name.tsv` with the names of the classes.
enum AudioSetStrongLayout {
  private struct Event {
    let segment: String
    let start: Double
    let end: Double
    let name: String
  }

  static func clips(in folder: MediaFolder, list: ListFile?, seconds: Double) throws -> Listing {
    let lists = try list.map { [$0] } ?? folder.lists { $0.contains("strong") && $0.hasSuffix(".tsv") }
    guard !lists.isEmpty else {
      throw DataError.missingList(folder.root, layout: "audioset-strong", file: "audioset_train_strong.tsv")
    }
    let names = try AudioSetLayout.classNames(in: folder)
    let files = YouTubeFiles(folder)
    var listing = Listing(clips: [])
    for list in lists {
      let events = try listing.entries(of: list, "segment_id, start, end, label") { fields -> Event? in
        guard fields.count >= 4, let start = ListFile.seconds(fields[1]),
          let end = ListFile.seconds(fields[2])
        else {
          return nil
        }
        return Event(segment: fields[0], start: start, end: end, name: names[fields[3]] ?? "")
      }
      for (segment, events) in Dictionary(grouping: events, by: \.segment) {
        guard let (video, start) = Self.segment(segment), let (file, position) = files.find(video, at: start)
        else {
          listing.missing += 1
          continue
        }
        var heard: [String] = []
        for event in events.sorted(by: { ($0.start, $0.name) < ($1.start, $1.name) })
        where event.start < seconds && event.end > 0 && !event.name.isEmpty && !heard.contains(event.name) {
          heard.append(event.name)
        }
        listing.clips.append(
          SourceClip(
            id: YouTubeName.id(video, start), file: file, position: position,
            caption: heard.joined(separator: ", "), split: list.split))
      }
    }
    return listing
  }

  /// Here the number is always of milliseconds.
  private static func segment(_ id: String) -> (video: String, start: Double)? {
    guard let name = YouTubeName(id), name.numbers.count == 1 else { return nil }
    return (name.video, Double(name.numbers[0]) / 1000)
  }
}
