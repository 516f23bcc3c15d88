import ArgumentParser
import Foundation
import Media
import Torch
import UniForm

struct InspectCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect",
    abstract: "Show the settings stored in a clip, its streams, the tensors of a weight file, or a cache.",
    discussion: """
      For a clip made by this program, the settings are those that make it again; where it was made for a video or a \
      sound, from the same part of that. For a .safetensors file, the name, type, shape and size of each tensor are \
      listed. For a folder that 'uniform prepare' filled, what is in it; every byte is compared with the checksums first.
      """)

  @ArgumentParser.Argument(
    help: ArgumentHelp("A clip, a .safetensors file, or a cache of clips.", valueName: "file"),
    completion: .file())
  var file: String
  @Flag(help: "Print one JSON object.")
  var json = false

  func run() async throws {
    let url = URL(filePath: file)
    var isFolder: ObjCBool = false
    if FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder), isFolder.boolValue {
      let inspection = try CacheInspection(url, folder: file)
      try StandardOutput.print(json ? try inspection.json : inspection.text)
    } else if url.pathExtension == "safetensors" {
      let inspection = TensorInspection(try SafeTensors(contentsOf: url))
      try StandardOutput.print(json ? try inspection.json : inspection.text)
    } else {
      let inspection = ClipInspection(try await MediaProbe.probe(url), file: file)
      try StandardOutput.print(json ? try inspection.json : inspection.text)
    }
  }
}

protocol Inspection: Encodable {
  var text: String { get }
}

extension Inspection {
  var json: String {
    get throws {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
      return String(decoding: try encoder.encode(self), as: UTF8.self)
    }
  }
}

struct TensorInspection: Inspection {
  struct Item: Encodable {
    let name: String
    let dtype: String
    let shape: [Int]
    let bytes: Int
  }

  let tensors: [Item]
  let metadata: [String: String]

  init(_ file: SafeTensors) {
    tensors = file.entries.sorted { $0.key < $1.key }.map { name, entry in
      Item(
        name: name, dtype: "\(entry.dtype)", shape: entry.shape,
        bytes: entry.shape.reduce(entry.dtype.size, *))
    }
    metadata = file.metadata
  }

  var text: String {
    var table = TextTable(.left, .left, .left, .right)
    for tensor in tensors {
      table.add(tensor.name.oneLine, tensor.dtype, "\(tensor.shape)", tensor.bytes.byteSize)
    }
    let elements = tensors.reduce(0) { $0 + $1.shape.reduce(1, *) }
    let bytes = tensors.reduce(0) { $0 + $1.bytes }
    let total = "\(tensors.count) tensors, \(elements.grouped) elements, \(bytes.byteSize)"
    let notes = metadata.sorted { $0.key < $1.key }.map { "\($0.key.oneLine): \($0.value.oneLine)" }
    return (notes + table.lines + [total]).joined(separator: "\n")
  }
}

struct ClipInspection: Inspection {
  struct Video: Encodable {
    let codec: String
    let width: Int
    let height: Int
    /// Of a still picture none.
    let frameRate: Double?
    let isVariableRate: Bool
    let rotation: Int
    let seconds: Double?
  }

  struct Audio: Encodable {
    let codec: String
    let sampleRate: Int
    let channels: Int
    let seconds: Double?
  }

  let file: String
  let container: String
  let seconds: Double?
  let video: Video?
  let audio: Audio?
  /// As this program stores them.
  let settings: ClipSettings?
  /// A comment that someone else left.
  let comment: String?

  init(_ information: MediaInformation, file: String) {
    self.file = file
    container = information.container
    seconds = information.duration
    video = information.video.map {
      Video(
        codec: $0.codec, width: $0.displaySize.width, height: $0.displaySize.height,
        frameRate: information.isStill ? nil : $0.averageFrameRate.value.rounded(to: 3),
        isVariableRate: $0.isVariableRate,
        rotation: $0.rotation, seconds: information.videoSeconds)
    }
    audio = information.audio.map {
      Audio(
        codec: $0.codec, sampleRate: $0.sampleRate, channels: $0.channels, seconds: information.audioSeconds)
    }
    settings = information.comment.flatMap {
      try? JSONDecoder().decode(ClipSettings.self, from: Data($0.utf8))
    }
    comment = settings == nil ? information.comment : nil
  }

  var text: String {
    var table = TextTable(.left, .left)
    table.add("file", file.oneLine)
    table.add("container", container + (seconds.map { ", \($0.rounded(to: 3).formatted) s" } ?? ""))
    if let video {
      let variable = video.isVariableRate ? " (variable)" : ""
      let rate = video.frameRate.map { ", \($0.formatted)\(variable) frames per second" } ?? ""
      table.add(
        rate.isEmpty ? "picture" : "video", "\(video.codec), \(video.width)×\(video.height) pixels\(rate)")
    }
    if let audio {
      let channels =
        ["mono", "stereo"].indices.contains(audio.channels - 1)
        ? ["mono", "stereo"][audio.channels - 1] : "\(audio.channels) channels"
      table.add("audio", "\(audio.codec), \(audio.sampleRate) samples per second, \(channels)")
    }
    if let comment { table.add("comment", comment.oneLine) }
    return (table.lines + (settings.map { ["", "Made by uniform with these settings:"] + $0.lines } ?? []))
      .joined(separator: "\n")
  }
}

extension ClipSettings {
  fileprivate var lines: [String] {
    var table = TextTable(.left, .left)
    table.add("  task", task.rawValue)
    table.add("  prompt", prompt.map { "\"\($0.oneLine)\"" } ?? "none")
    if let negativePrompt { table.add("  negative prompt", "\"\(negativePrompt.oneLine)\"") }
    table.add("  seed", "\(seed)")
    table.add("  steps", "\(steps), \(sampler.rawValue), guidance \(guidanceScale.formatted)")
    if let conditionGuidanceScale, let negativeCondition {
      table.add(
        "  condition", "guidance \(conditionGuidanceScale.formatted) against \(negativeCondition.rawValue)")
    }
    if let start {
      table.add("  made for", "the input from \(start.formatted) s on" + (fit.map { ", fit \($0)" } ?? ""))
    }
    table.add("  model", "\(model), weights \(weights)")
    if let adapters { table.add("  adapters", adapters.map(\.oneLine).joined(separator: ", ")) }
    table.add(
      "  clip", "\(width)×\(height), \(frameRate) frames per second, \(sampleRate) Hz, \(seconds.formatted) s"
    )
    table.add("  computed", "\(dtype) on \(device), uniform \(version)")
    return table.lines
  }
}
