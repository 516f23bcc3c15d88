public import Foundation
internal import Torch
internal import UniForm

/// The checkpoints of a run: `step-000001000.safetensors` each, with a `.json` beside it that is written last.
///
/// A checkpoint counts once its `.json` is there. Whatever an interruption leaves besides is removed with the next one.
public struct CheckpointStore: Sendable {
  public let folder: URL
  let settings: CheckpointSettings

  init(folder: URL, _ settings: CheckpointSettings) throws {
    self.folder = folder
    self.settings = settings
    do {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    } catch {
      throw TrainingError("\(folder.path): cannot be created: \(error.localizedDescription)", .inputOutput)
    }
  }

  /// What the `.json` says.
  struct Manifest: Codable {
    var step: Int
    var file: String
    var bytes: Int
    /// Of the whole file.
    var checksum: String
  }

  /// A checkpoint that was verified.
  struct Entry {
    let step: Int
    let url: URL
  }

  // MARK: Writing

  /// Saves a step and removes what need not be kept.
  func write(step: Int, _ tensors: [SafeTensors.Pending], metadata: [String: String]) throws -> URL {
    let name = Self.name(step)
    let url = folder.appending(path: "\(name).safetensors")
    do {
      try SafeTensors.write(pending: tensors, metadata: metadata, to: url)
      DurableFile.synchronizeFolder(of: url)
      let manifest = Manifest(
        step: step, file: url.lastPathComponent, bytes: try Self.size(of: url),
        checksum: try Self.checksum(of: url))
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
      try DurableFile.write(try encoder.encode(manifest), to: folder.appending(path: "\(name).json"))
    } catch let error where !(error is DistributedError) {
      // Half a checkpoint on a full disk would stand in the way of the next.
      try? FileManager.default.removeItem(at: url)
      let last = steps.last.map { "; the one of step \($0) is intact" } ?? ""
      throw TrainingError(
        "the checkpoint of step \(step) could not be written: \(error)\(last)", .inputOutput)
    }
    removeOld()
    return url
  }

  /// Steps of all checkpoints, ascending.
  var steps: [Int] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    return names.compactMap { name in
      name.hasPrefix("step-") && name.hasSuffix(".json") ? Int(name.dropFirst(5).dropLast(5)) : nil
    }.sorted()
  }

  private func removeOld() {
    let steps = steps
    let milestone = settings.milestoneEvery
    let kept = Set(steps.suffix(settings.keep)).union(steps.filter { milestone > 0 && $0 % milestone == 0 })
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
    // The .json first: without it the rest does not count.
    for name in names.sorted(by: { $0.hasSuffix(".json") && !$1.hasSuffix(".json") }) {
      let stem = name.drop { $0 == "." }.split(separator: ".").first.map(String.init) ?? name
      guard stem.hasPrefix("step-"), let step = Int(stem.dropFirst(5)), !kept.contains(step) else { continue }
      try? FileManager.default.removeItem(at: folder.appending(path: name))
    }
  }

  // MARK: Reading

  /// The last checkpoint whose bytes are those that were written; `warn` is told of any that is damaged.
  func latest(warn: (String) -> Void) throws -> Entry? {
    for step in steps.reversed() {
      let url = folder.appending(path: "\(Self.name(step)).safetensors")
      if let reason = damage(step, url) {
        warn("\(url.path): \(reason); going on from the one before")
      } else {
        return Entry(step: step, url: url)
      }
    }
    guard steps.isEmpty else {
      throw TrainingError("\(folder.path): every checkpoint is damaged; remove the folder to start anew")
    }
    return nil
  }

  /// What is wrong with a checkpoint; nil where it is sound.
  private func damage(_ step: Int, _ url: URL) -> String? {
    guard let data = try? Data(contentsOf: folder.appending(path: "\(Self.name(step)).json")),
      let manifest = try? JSONDecoder().decode(Manifest.self, from: data)
    else { return "the description of this checkpoint is damaged" }
    guard let size = try? Self.size(of: url) else { return "the checkpoint is missing" }
    guard size == manifest.bytes, (try? Self.checksum(of: url)) == manifest.checksum else {
      return "the checkpoint is damaged"
    }
    return nil
  }

  private static func name(_ step: Int) -> String {
    "step-" + String(repeating: "0", count: max(0, 9 - "\(step)".count)) + "\(step)"
  }

  private static func size(of url: URL) throws -> Int {
    (try FileManager.default.attributesOfItem(atPath: url.path)[.size] as? NSNumber)?.intValue ?? 0
  }

  private static func checksum(of url: URL) throws -> String {
    var hash = Hash64()
    try Data(contentsOf: url, options: .alwaysMapped).withUnsafeBytes { hash.combine($0) }
    return hash.digits
  }
}
