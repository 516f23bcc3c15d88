public import Foundation
public import Scenes

/// The clips of one folder and of all folders in it, by name, with what lies beside them.
public struct ClipFolder: Sendable {
  public struct Clip: Sendable {
    /// The path from the folder without the ending: `clip`, or `rain/clip` in a folder of a class.
    public let name: String
    public let url: URL
    /// The side file of a rendered scene, where there is one.
    public let scene: SceneDescription?

    /// Without the folders before it.
    public var baseName: String { (name as NSString).lastPathComponent }
  }

  public let url: URL
  /// In order of name.
  public let clips: [Clip]

  /// The endings that count as clips.
  public static let endings: Set<String> = [
    "mp4", "webm", "mkv", "mov", "m4v", "avi", "wav", "flac", "mp3", "m4a",
  ]

  /// - Parameter limit: only the first so many in order of name.
  /// - Throws: ``EvaluationSetupError`` for a folder that is missing, holds no clip, or two of one name.
  public init(_ url: URL, limit: Int? = nil) throws {
    let manager = FileManager.default
    var isFolder: ObjCBool = false
    guard manager.fileExists(atPath: url.path, isDirectory: &isFolder), isFolder.boolValue else {
      throw EvaluationSetupError.noFolder(url.relativePath)
    }
    guard (try? manager.contentsOfDirectory(atPath: url.path)) != nil else {
      throw EvaluationSetupError.noFolder(url.relativePath)
    }
    var clips: [String: Clip] = [:]
    for file in Self.files(in: url) {
      let place = url.appending(path: file, directoryHint: .notDirectory)
      guard Self.endings.contains(place.pathExtension.lowercased()) else { continue }
      let name = String(file.dropLast(place.pathExtension.count + 1))
      if let other = clips[name] {
        throw EvaluationSetupError.nameTwice(
          name, other.url.lastPathComponent, place.lastPathComponent, folder: url.relativePath)
      }
      clips[name] = Clip(name: name, url: place, scene: Self.scene(name, in: url))
    }
    guard !clips.isEmpty else { throw EvaluationSetupError.noClips(url.relativePath) }
    self.url = url
    let ordered = clips.values.sorted { $0.name < $1.name }
    self.clips = limit.map { Array(ordered.prefix($0)) } ?? ordered
  }

  private init(_ url: URL, clips: [Clip]) {
    self.url = url
    self.clips = clips
  }

  /// Only those of its clips that are wanted, which may be none.
  public func keeping(_ isKept: (_ index: Int, _ clip: Clip) -> Bool) -> ClipFolder {
    ClipFolder(url, clips: clips.indices.filter { isKept($0, clips[$0]) }.map { clips[$0] })
  }

  /// Paths of all files that are not hidden, in order. Folders that are links are followed, but not in circles.
  private static func files(in root: URL) -> [String] {
    let manager = FileManager.default
    func files(_ folder: URL, prefix: String, above: [String]) -> [String] {
      let canonical = folder.resolvingSymlinksInPath().path
      guard !above.contains(canonical), let names = try? manager.contentsOfDirectory(atPath: folder.path)
      else {
        return []
      }
      return names.sorted().filter { !$0.hasPrefix(".") }.flatMap { name -> [String] in
        let place = folder.appending(path: name)
        var isFolder: ObjCBool = false
        guard manager.fileExists(atPath: place.path, isDirectory: &isFolder), isFolder.boolValue else {
          return [prefix + name]
        }
        return files(place, prefix: prefix + name + "/", above: above + [canonical])
      }
    }
    return files(root, prefix: "", above: [])
  }

  private static func scene(_ name: String, in folder: URL) -> SceneDescription? {
    guard let data = try? Data(contentsOf: folder.appending(path: "\(name).json")) else { return nil }
    // Other tools have side files of their own beside a clip.
    return try? JSONDecoder().decode(SceneDescription.self, from: data)
  }
}

/// Why an evaluation cannot begin, in one line.
public enum EvaluationSetupError: Error, Sendable, Equatable, CustomStringConvertible {
  case noFolder(String)
  case noClips(String)
  case nameTwice(String, String, String, folder: String)
  case tooLittleOverlap(pairs: Int, generated: Int, reference: Int)
  case unknownMetric(String, known: [String])
  case noReadableClip(String, reason: String)
  case cacheUnusable(String)
  /// The files of a network are damaged, or another's.
  case networkUnusable(String)

  public var description: String {
    switch self {
    case .noFolder(let path): "'\(path)' is not a folder; give the folder that holds the clips"
    case .noClips(let path): "'\(path)' holds no clips; they end in .mp4, .webm, .mkv, .mov, .wav and so on"
    case .nameTwice(let name, let a, let b, let folder):
      "'\(folder)' holds '\(a)' and '\(b)', both called '\(name)'; rename one"
    case .tooLittleOverlap(let pairs, let generated, let reference):
      "only \(pairs) of \(generated) generated and \(reference) reference clips have the same name on both sides; "
        + "give clips the name of their reference, or choose metrics that need no pairs"
    case .unknownMetric(let name, let known):
      "there is no metric '\(name)'; known are \(known.joined(separator: ", "))"
    case .noReadableClip(let path, let reason): "no clip of '\(path)' can be used (the first: \(reason))"
    case .networkUnusable(let reason): reason
    case .cacheUnusable(let path): "the cache '\(path)' cannot be written; choose another with --cache"
    }
  }
}
