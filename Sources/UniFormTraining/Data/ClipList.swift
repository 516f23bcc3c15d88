public import Foundation
internal import UniForm

/// The clips of a data set on disk, in an order that depends on their names alone.
public struct ClipList: Sendable {
  public let layout: DataLayout
  public let root: URL
  public private(set) var clips: [SourceClip]
  /// Clips that the lists of the data set name and that are not on disk.
  public let missing: Int
  public private(set) var unreadRows: [UnreadRows]
  /// What the clips were chosen by, in words; nil for all.
  public private(set) var choice: String?
  private let folder: MediaFolder

  /// - Parameters:
  ///   - list: the annotation file, where it does not lie in the folder.
  ///   - seconds: of each clip that will be used, from its beginning.
  /// - Throws: ``DataError`` for a folder without such clips, or a list that cannot be read.
  public init(_ layout: DataLayout, at root: URL, list: URL? = nil, seconds: Double = 4) throws {
    folder = try MediaFolder(root)
    let listing = try layout.clips(in: folder, list: list.map { try ListFile($0) }, seconds: seconds)
    guard !listing.clips.isEmpty else {
      throw DataError.noClips(
        root, layout: layout.rawValue,
        hint: "\(folder.files.count) files with pictures, \(listing.missing) clips in lists")
    }
    self.layout = layout
    self.root = root
    (missing, unreadRows) = (listing.missing, listing.unread)
    var ids: Set<String> = []
    // Of clips with one id the first file counts.
    clips = listing.clips.sorted { $0.id == $1.id ? $0.file.path < $1.file.path : $0.id < $1.id }
      .filter { ids.insert($0.id).inserted }
  }

  /// The file of a clip, relative to the folder.
  public func path(of clip: SourceClip) -> String { folder.path(of: clip.file) }

  /// Captionless clips.
  public var captionless: Int { clips.count { $0.caption == nil } }

  var fingerprint: String {
    var hash = Hash64()
    for clip in clips {
      let line = [clip.id, path(of: clip), "\(clip.position.nominalStart)", clip.caption ?? "\0"]
      Array(line.joined(separator: "\t").utf8).withUnsafeBytes { hash.combine($0) }
    }
    return hash.digits
  }
}

// MARK: Choosing

extension ClipList {
  /// Keeps the clips of a split, or of several, separated by commas.
  public mutating func choose(split: String) throws(DataError) {
    let names = split.split(separator: ",").map { $0.trimmingCharacters(in: .whitespaces) }
    guard !names.isEmpty else { throw .unknownSplit(split, known: Set(clips.compactMap(\.split)).sorted()) }
    let known = Set(clips.compactMap(\.split))
    if let unknown = names.first(where: { !known.contains(Self.splitName($0)) }) {
      throw .unknownSplit(unknown, known: known.sorted())
    }
    let wanted = names.map(Self.splitName)
    clips.removeAll { clip in !wanted.contains { $0 == clip.split } }
    choose(by: "split \(wanted.joined(separator: ","))")
  }

  /// Keeps the clips of a list of ids.
  public mutating func keep(only list: URL) throws {
    let ids = try IDList(list)
    clips = clips.filter { ids.contains($0, in: folder) }
    guard !clips.isEmpty else { throw DataError.nothingChosen(by: "--only \(list.relativePath)") }
    choose(by: list, "--only", ids, found: clips.count)
  }

  /// Leaves out the clips of a list of ids, such as those to be tested with.
  /// - Throws: ``DataError`` where it names none of them: a test set that is not recognised would be trained on.
  public mutating func remove(_ list: URL) throws {
    let ids = try IDList(list)
    let count = clips.count
    clips = clips.filter { !ids.contains($0, in: folder) }
    guard clips.count < count else { throw DataError.nothingLeftOut(by: "--without \(list.relativePath)") }
    guard !clips.isEmpty else { throw DataError.nothingChosen(by: "--without \(list.relativePath)") }
    choose(by: list, "--without", ids, found: count - clips.count)
  }

  /// Captions of a list take the place of those of the layout.
  /// - Throws: ``DataError`` where the list has none for any clip.
  public mutating func caption(from list: URL) throws {
    let table = try CaptionTable(ListFile(list))
    var found = 0
    for index in clips.indices {
      guard let caption = table.caption(of: clips[index], in: folder) else { continue }
      clips[index].caption = CaptionText.cleaned(caption)
      found += 1
    }
    guard found > 0 else { throw DataError.noCaptionOf(file: list.relativePath) }
    if let unread = table.unread { unreadRows.append(unread) }
  }

  /// Leaves all captions away.
  public mutating func dropCaptions() {
    for index in clips.indices { clips[index].caption = nil }
  }

  private mutating func choose(by list: URL, _ option: String, _ ids: IDList, found: Int) {
    choose(
      by: "\(option) \(list.lastPathComponent) (\(ids.count) ids, \(found) clips, hash \(ids.fingerprint))")
  }

  private mutating func choose(by text: String) {
    choice = [choice, text].compactMap(\.self).joined(separator: ", ")
  }

  static func splitName(_ name: String) -> String {
    ["valid", "validation", "dev"].contains(name.lowercased()) ? "val" : name
  }
}
