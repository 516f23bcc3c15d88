internal import Foundation
internal import UniForm

/// What lists say of clips, by any of the ways in which they name them: a path or the end of one, with or without the
/// ending of a file, or the name of a segment of a video that is written in many ways.
///
/// Of two paths, one has to be the end of the other: `train/001.mp4` is neither `test/001.mp4` nor named by it. Only a file
/// whose name no other has may have moved to another folder.
struct ClipNames<Value: Equatable> {
  /// Nil where several different values have one name.
  private typealias Names = [String: Value?]
  private var exact: [String: Value] = [:]
  private var derived: Names = [:]
  /// Ends of the lists' paths.
  private var ends: Names = [:]

  /// What is said last of a name counts.
  mutating func add(_ name: String, _ value: Value) {
    exact[name] = value
    let path = ClipName(name)
    for key in path.shorter { Self.note(value, of: key, in: &derived) }
    for end in path.ends { for key in end.keys { Self.note(value, of: key, in: &ends) } }
  }

  private static func note(_ value: Value, of key: String, in names: inout Names) {
    if let known = names[key] {
      if known != value { names[key] = .some(nil) }
    } else {
      names[key] = value
    }
  }

  /// From the most exact name on; nil where one leads to several values.
  func values(of clip: SourceClip, in folder: MediaFolder) -> some Sequence<Value?> {
    let path = ClipName(folder.path(of: clip.file))
    let whole = ([ClipName(clip.id), path] + path.ends).flatMap(\.keys)
    let mayHaveMoved = !folder.sharesName(clip.file)
    return (whole + path.shorter).lazy.compactMap { exact[$0].map { .some($0) } ?? derived[$0] }
      + (path.keys + (mayHaveMoved ? path.ends.last?.keys ?? [] : [])).compactMap { ends[$0] }
  }
}

/// A path as lists name a clip by it.
struct ClipName {
  let path: String

  init(_ path: some StringProtocol) {
    var path = path[...]
    while path.hasPrefix("./") { path = path.dropFirst(2) }
    self.path = String(path)
  }

  /// The path without its folders, one after the other.
  var ends: [ClipName] {
    path.indices.filter { path[$0] == "/" }.map { ClipName(path[path.index(after: $0)...]) }
      .filter { !$0.path.isEmpty }
  }

  var keys: [String] { [path] + (stem == path ? [] : [stem]) }

  /// Other names of the same file.
  var shorter: [String] { [stem, segment].compactMap(\.self).filter { $0 != path } }

  /// Without the ending of a file with pictures or sound.
  private var stem: String {
    guard let dot = path.lastIndex(of: "."), dot > path.startIndex,
      MediaFolder.videoEndings.contains(path[path.index(after: dot)...].lowercased())
        || Self.soundEndings.contains(path[path.index(after: dot)...].lowercased())
    else { return path }
    return String(path[..<dot])
  }

  private static let soundEndings: Set<String> = ["wav", "flac", "mp3", "m4a", "ogg", "opus"]

  /// The video that it is from, where it is named as a part of one.
  var video: YouTubeName? { YouTubeName(stem.split(separator: "/").last ?? "") }

  private var segment: String? { video?.id }
}
