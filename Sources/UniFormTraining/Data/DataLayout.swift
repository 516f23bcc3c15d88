internal import Foundation

/// How a data set lies on disk.
public enum DataLayout: String, Sendable, CaseIterable {
  case vggsound, landscape, aist, audioset
  case audiosetStrong = "audioset-strong"
  /// As `uniform scenes` writes it.
  case scenes
  /// Clips in folders, with captions in a list or beside them.
  case folder
}

extension DataLayout {
  /// - Parameter seconds: of each clip that will be used.
  func clips(in folder: MediaFolder, list: ListFile?, seconds: Double) throws -> Listing {
    switch self {
    case .vggsound: try VGGSoundLayout.clips(in: folder, list: list)
    case .landscape: try LandscapeLayout.clips(in: folder, list: list)
    case .aist: try AISTLayout.clips(in: folder, list: list)
    case .audioset: try AudioSetLayout.clips(in: folder, list: list)
    case .audiosetStrong: try AudioSetStrongLayout.clips(in: folder, list: list, seconds: seconds)
    case .scenes: ScenesLayout.clips(in: folder)
    case .folder: try FolderLayout.clips(in: folder, list: list)
    }
  }
}

/// What a layout found.
struct Listing {
  var clips: [SourceClip]
  /// Clips that its lists name and that are not on disk.
  var missing = 0
  var unread: [UnreadRows] = []

  /// The rows of a list that `read` understands; the others are remembered.
  mutating func entries<Entry>(
    of list: ListFile, _ expected: String, _ read: ([String]) -> Entry?
  ) throws(DataError) -> [Entry] {
    let (entries, lines) = try list.entries(expected, read)
    if let first = lines.first {
      unread.append(UnreadRows(file: list.url.relativePath, firstLine: first, count: lines.count))
    }
    return entries
  }
}

/// Rows of a list that say something else than the others.
public struct UnreadRows: Sendable, Equatable, CustomStringConvertible {
  public let file: String
  public let firstLine: Int
  public let count: Int

  public var description: String {
    "'\(file)', line \(firstLine)\(count > 1 ? " and \(count - 1) more" : ""): not understood and left out"
  }
}
