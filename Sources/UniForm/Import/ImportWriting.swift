internal import Foundation
internal import Torch

extension ModelImport {
  /// Writes the directory. All of it is made beside its place and moved there at the end, so that an import that fails
  /// or is stopped leaves nothing behind and an existing model as it was.
  ///
  /// - Parameter progress: called after each tensor with the part, the bytes written and those of all parts; what it
  ///   throws ends the import.
  public func write(
    progress: (_ part: ModelDirectory.Part, _ written: Int, _ all: Int) throws -> Void = { _, _, _ in }
  ) throws {
    let manager = FileManager.default
    let output = model.url.standardizedFileURL
    // However long the name is, this one is not too long.
    let name = String(decoding: output.lastPathComponent.utf8.prefix(200), as: UTF8.self)
    let staging = output.deletingLastPathComponent()
      .appending(path: ".\(name).import-\(ProcessInfo.processInfo.processIdentifier)")
    try Self.writing(output) { try manager.createDirectory(at: staging, withIntermediateDirectories: false) }
    defer { try? manager.removeItem(at: staging) }
    try Self.writing(output) {
      for (path, json) in try configurations() {
        try write(json, to: staging.appending(path: path))
      }
      if let tokenizer {
        try write(Data(contentsOf: tokenizer), to: staging.appending(path: "tokenizer/spiece.model"))
      }
    }
    let all = parts.reduce(0) { $0 + $1.report.bytes }
    var before = 0
    for part in parts {
      let sizes = part.tensors.map(\.byteCount)
      let file = staging.appending(path: "\(part.part.rawValue)/\(part.part.weightsName)")
      try Self.writing(output) {
        try SafeTensors.write(pending: part.tensors, metadata: ["format": "pt"], to: file) { count in
          part.source.releasePages()
          before += sizes[count - 1]
          try progress(part.part, before, all)
        }
      }
    }
    try Self.writing(output) { try move(from: staging, to: output) }
  }

  /// The JSON files of imported parts and the index; of a new model all.
  private func configurations() throws -> [String: Data] {
    var files = [ModelDirectory.indexName: try model.index.json()]
    let imported = Set(parts.map(\.part))
    let captionsChanged = imported.contains(.textEncoder) && !model.hasWeights(.transformer)
    func add(_ part: ModelDirectory.Part, _ configuration: some JSONConfiguration, when changed: Bool = false)
      throws
    {
      if isNew || changed || imported.contains(part) {
        files["\(part.rawValue)/config.json"] = try configuration.json()
      }
    }
    try add(.textEncoder, model.textEncoder)
    try add(.transformer, model.transformer, when: captionsChanged)
    try add(.videoVAE, model.videoVAE)
    try add(.audioVAE, model.audioVAE)
    try add(.vocoder, model.vocoder)
    if isNew {
      files["mel/config.json"] = try model.mel.json()
      files["scheduler/scheduler_config.json"] = try model.diffusion.json()
    }
    return files
  }

  private func write(_ data: Data, to url: URL) throws {
    try FileManager.default.createDirectory(
      at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try data.write(to: url)
  }

  /// Folders take the place of those of the same name; the index comes last.
  private func move(from staging: URL, to output: URL) throws {
    let manager = FileManager.default
    try manager.createDirectory(at: output, withIntermediateDirectories: true)
    let names = try manager.contentsOfDirectory(atPath: staging.path)
    let index = ModelDirectory.indexName
    for name in names.filter({ $0 != index }) + [index] {
      let target = output.appending(path: name)
      if manager.fileExists(atPath: target.path) { try manager.removeItem(at: target) }
      try manager.moveItem(at: staging.appending(path: name), to: target)
    }
  }

  /// Whatever the file system says becomes one line about the output.
  private static func writing(_ output: URL, _ body: () throws -> Void) throws {
    do {
      try body()
    } catch WeightError.diskFull {
      throw WeightError.diskFull(file: output.path)
    } catch WeightError.unwritable(_, let reason) {
      throw WeightError.unwritable(file: output.path, reason: reason)
    } catch let error as CocoaError {
      throw error.code == .fileWriteOutOfSpace
        ? WeightError.diskFull(file: output.path)
        : WeightError.unwritable(file: output.path, reason: error.localizedDescription)
    }
  }
}
