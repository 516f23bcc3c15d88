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
}
