internal import Foundation
internal import UniForm

/// The ways in which lists name a clip.
enum ClipKey {
  /// The most exact first: the text itself, its file name, that without its ending, and the one name of a segment of a
  /// video that is written in many ways.
  static func keys(_ name: String) -> [String] {
    var keys = [name]
    let file = name.split(separator: "/").last.map(String.init) ?? name
    let stem = hasMediaEnding(file) ? String(file[..<file.lastIndex(of: ".")!]) : file
    for key in [file, stem, YouTubeName(stem)?.id].compactMap(\.self) where !keys.contains(key) {
      keys.append(key)
    }
    return keys
  }

  static func keys(of clip: SourceClip, path: String) -> [String] {
    [clip.id] + keys(path).filter { $0 != clip.id }
  }

  static func fingerprint(_ names: [String]) -> String {
    var hash = Hash64()
    for name in names { Array(name.utf8).withUnsafeBytes { hash.combine($0) } }
    return hash.digits
  }

  private static func hasMediaEnding(_ file: String) -> Bool {
    let parts = file.split(separator: ".")
    return parts.count > 1 && MediaFolder.videoEndings.contains(parts.last!.lowercased())
  }
}
