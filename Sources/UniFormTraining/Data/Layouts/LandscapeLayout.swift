internal import Foundation

/// Landscape (Lee et al. 2022): nine classes of natural sound, whose names are the captions.
///
/// With a list (`ytid,start_time,class,set`) clips are found by their ids; without one, as in the copy that came with
/// MM-Diffusion, the folders `train` and `test` are the split, and class folders or the beginnings of file names the classes.
enum LandscapeLayout {
  static let classes = [
    "explosion", "fire crackling", "raining", "splashing water", "squishing water", "thunder",
    "underwater bubbling", "waterfall burbling", "wind noise",
  ]

  static func clips(in folder: MediaFolder, list: ListFile?) throws -> Listing {
    if let list = try list ?? folder.lists({ $0.hasPrefix("landscape") && $0.hasSuffix(".csv") }).first {
      return try clips(in: folder, of: list)
    }
    return Listing(
      clips: folder.files.map { file in
        let path = folder.path(of: file)
        return SourceClip(
          id: String(path.dropLast(file.pathExtension.count + 1)), file: file,
          caption: caption(of: file, in: folder), split: folder.split(of: file))
      })
  }

  private static func clips(in folder: MediaFolder, of list: ListFile) throws -> Listing {
    let files = YouTubeFiles(folder)
    var listing = Listing(clips: [])
    let rows = try listing.entries(of: list, "ytid,start_time,class,set") {
      fields -> (YouTubeName, Double, [String])? in
      guard fields.count >= 4, let name = YouTubeName(fields[0]), let start = ListFile.seconds(fields[1])
      else {
        return nil
      }
      return (name, start, fields)
    }
    for (name, start, fields) in rows {
      guard let (file, position) = files.find(name.video, at: start) else {
        listing.missing += 1
        continue
      }
      listing.clips.append(
        SourceClip(
          id: YouTubeName.id(name.video, start), file: file, position: position,
          caption: className(fields[2]) ?? fields[2], split: ClipList.splitName(fields[3])))
    }
    return listing
  }

  private static func caption(of file: URL, in folder: MediaFolder) -> String? {
    (folder.folders(of: file) + [file.stem]).reversed().lazy.compactMap(className).first
  }

  /// The class that a name is, or begins with: `fire_crackling_012` is "fire crackling".
  private static func className(_ name: String) -> String? {
    let words = name.lowercased().replacing(#/[_\- ]+/#, with: " ")
    return classes.first { words.hasPrefix($0) }
  }
}
