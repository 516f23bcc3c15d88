public import Foundation
public import Scenes

/// The clips of one folder, by name, with what lies beside them.
public struct ClipFolder: Sendable {
  public struct Clip: Sendable {
    /// The file's name without its ending.
    public let name: String
    public let url: URL
    /// The side file of a rendered scene, where there is one.
    public let scene: SceneDescription?
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
    guard let names = try? manager.contentsOfDirectory(atPath: url.path) else {
      throw EvaluationSetupError.noFolder(url.relativePath)
    }
    var clips: [String: Clip] = [:]
    for file in names.sorted() where !file.hasPrefix(".") {
      let place = url.appending(path: file, directoryHint: .notDirectory)
      guard Self.endings.contains(place.pathExtension.lowercased()) else { continue }
      let name = place.deletingPathExtension().lastPathComponent
      if let other = clips[name] {
        throw EvaluationSetupError.nameTwice(
          name, other.url.lastPathComponent, file, folder: url.relativePath)
      }
      clips[name] = Clip(name: name, url: place, scene: Self.scene(name, in: url))
    }
    guard !clips.isEmpty else { throw EvaluationSetupError.noClips(url.relativePath) }
    self.url = url
    let ordered = clips.values.sorted { $0.name < $1.name }
    self.clips = limit.map { Array(ordered.prefix($0)) } ?? ordered
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
    case .cacheUnusable(let path): "the cache '\(path)' cannot be written; choose another with --cache"
    }
  }
}
