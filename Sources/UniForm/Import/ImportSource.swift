internal import Foundation
internal import Torch

/// Where the weights of one part are: a file, or a folder as transformers and diffusers write it.
struct ImportSource {
  /// One safetensors file, or the index of a sharded set.
  let file: URL
  let weights: Weights

  var folder: URL { file.deletingLastPathComponent() }

  /// A whole pipeline's folder will do too: its part is looked for below.
  init(_ path: URL, part: ModelDirectory.Part) throws {
    file = try Self.locate(path, part: part)
    weights = try Weights(contentsOf: file)
  }

  /// The `config.json` beside the weights, where there is one.
  func configuration<Configuration: JSONConfiguration>(
    _ type: Configuration.Type = Configuration.self
  ) throws -> Configuration? {
    let url = folder.appending(path: "config.json")
    guard FileManager.default.fileExists(atPath: url.path) else { return nil }
    return try Configuration(contentsOf: url)
  }

  private static func locate(_ path: URL, part: ModelDirectory.Part) throws(ImportError) -> URL {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path.path, isDirectory: &isFolder) else {
      throw .missing(path: path.path)
    }
    guard isFolder.boolValue else {
      if isPickle(path.lastPathComponent) { throw .pickle(path: path.path) }
      guard path.pathExtension == "safetensors" || path.lastPathComponent.hasSuffix(".safetensors.index.json")
      else { throw .unsupportedFile(path: path.path) }
      return path
    }
    let folders = [path] + part.publishedFolders.map { path.appending(path: $0) }
    for folder in folders {
      if let file = try weights(in: folder) { return file }
    }
    for folder in folders {
      if let pickle = names(folder).first(where: isPickle) {
        throw .pickle(path: folder.appending(path: pickle).path)
      }
    }
    throw .noWeights(folder: path.path)
  }

  /// The standard names first; then a single file of any name.
  private static func weights(in folder: URL) throws(ImportError) -> URL? {
    let names = names(folder)
    for standard in ["model", "diffusion_pytorch_model"] {
      for name in ["\(standard).safetensors", "\(standard).safetensors.index.json"] where names.contains(name)
      {
        return folder.appending(path: name)
      }
    }
    let indices = names.filter { $0.hasSuffix(".safetensors.index.json") }
    let files = indices.isEmpty ? names.filter { $0.hasSuffix(".safetensors") } : indices
    guard files.count < 2 else { throw .ambiguous(folder: folder.path, names: files) }
    return files.first.map { folder.appending(path: $0) }
  }

  private static func names(_ folder: URL) -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []).sorted()
  }

  static func isPickle(_ name: String) -> Bool {
    ["pth", "pt", "ckpt", "bin"].contains(name.split(separator: ".").last.map(String.init))
  }
}

extension ModelDirectory.Part {
  /// What pipelines call the folder of this part.
  fileprivate var publishedFolders: [String] {
    self == .audioVAE ? ["audio_vae", "vae"] : [rawValue]
  }
}
