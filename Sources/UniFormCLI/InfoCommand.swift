import ArgumentParser
import Foundation
import Torch
import UniForm

struct InfoCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "info",
    abstract: "Show versions, devices, and what a model is and knows.")

  @Option(
    help: ArgumentHelp("Model directory, or the name of one below $UNIFORM_MODELS.", valueName: "model"),
    completion: .directory)
  var model: String?
  @Flag(help: "Print one JSON object.")
  var json = false

  func run() async throws {
    let information = SystemInformation(model: try openModel())
    try StandardOutput.print(json ? try information.json : information.text)
  }

  /// Without a name, the bundled model; it may be missing, since versions and devices are there all the same.
  private func openModel() throws -> ModelInformation? {
    if let model { return try ModelInformation(ModelLocation.open(model, isTrained: false)) }
    do {
      return try ModelInformation(ModelLocation.open(ModelLocation.bundled))
    } catch ModelError.unknownModel {
      return nil
    }
  }
}

struct SystemInformation: Encodable {
  var version = UniFormVersion.current
  var libtorch = LibTorch.version
  var devices = DeviceOptions.DeviceName.allCases.filter(\.device.isAvailable).map(\.rawValue)
  var processors = ProcessInfo.processInfo.activeProcessorCount
  var model: ModelInformation?

  init(model: ModelInformation?) { self.model = model }

  var json: String {
    get throws {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
      return String(decoding: try encoder.encode(self), as: UTF8.self)
    }
  }

  var text: String {
    let head = [
      "uniform \(version), libtorch \(libtorch)",
      "devices: \(devices.joined(separator: ", ")); \(processors) processors",
    ]
    let none = ["no model '\(ModelLocation.bundled)' found; set UNIFORM_MODELS to the folder that holds it"]
    return (head + [""] + (model?.lines ?? none)).joined(separator: "\n")
  }
}

/// What a model directory holds, without loading it.
struct ModelInformation: Encodable {
  struct Component: Encodable {
    let name: String
    let parameters: Int
    /// Of its weights; nil where there are none yet.
    let bytes: Int?
    let licence: String?
  }

  let name: String
  let path: String
  let licence: String
  /// Parts that may not be used commercially.
  let nonCommercial: [String]
  let tasks: [String]
  let geometry: ClipGeometry
  let objective: Objective
  let samplers: [Sampler]
  let defaults: ModelIndex.Defaults
  let components: [Component]
  let knownClasses: [ModelIndex.KnownClass]
  /// Sizes whose sides are multiples of it suit the transformer best.
  let wholePatch: FrameSize

  enum CodingKeys: String, CodingKey {
    case name, path, licence, tasks, geometry, objective, samplers, defaults, components
    case nonCommercial = "non_commercial"
    case knownClasses = "known_classes"
    case wholePatch = "whole_patch"
  }

  init(_ directory: ModelDirectory) throws {
    name = directory.name
    path = directory.url.path
    licence = directory.index.licence
    nonCommercial = directory.index.nonCommercialParts
    tasks = GenerationTask.allCases.map(\.rawValue)
    geometry = directory.geometry
    objective = directory.diffusion.objective
    samplers = objective.samplers
    defaults = directory.defaults
    knownClasses = directory.knownClasses
    wholePatch = directory.wholePatch
    components = try ModelDirectory.Part.allCases.map { part in
      let licence = directory.index.licences[part.rawValue]
      guard directory.hasWeights(part) else {
        let count = try directory.outline(of: part).reduce(0) { $0 + $1.tensor.count }
        return Component(name: part.rawValue, parameters: count, bytes: nil, licence: licence)
      }
      let file = try directory.weightsURL(part)
      let weights = try Weights(contentsOf: file)
      let folder = file.deletingLastPathComponent()
      let files = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter {
        file.pathExtension == "json" ? $0.hasSuffix(".safetensors") : $0 == file.lastPathComponent
      }
      let sizes = files.compactMap {
        (try? FileManager.default.attributesOfItem(atPath: folder.appending(path: $0).path))?[.size] as? Int
      }
      return Component(
        name: part.rawValue, parameters: weights.items.values.reduce(0) { $0 + $1.shape.reduce(1, *) },
        bytes: sizes.reduce(0, +), licence: licence)
    }
  }

  var lines: [String] {
    var facts = TextTable(.left, .left)
    facts.add("model", "\(name), in \(path)")
    facts.add("licence", licence.isEmpty ? "not stated" : licence.oneLine)
    if !nonCommercial.isEmpty {
      facts.add("", "not for commercial use, because of \(nonCommercial.joined(separator: " and "))")
    }
    facts.add("tasks", "text to audio and video, audio to video, video to audio")
    facts.add(
      "clips",
      "\(geometry.width)×\(geometry.height) pixels, \(geometry.frameRate) frames per second, "
        + "\(geometry.sampleRate) samples per second, \(geometry.seconds.formatted) s")
    facts.add("", "other lengths and sizes are made, too, best in multiples of \(wholePatch)")
    facts.add(
      "objective", "\(objective.rawValue), sampled with \(samplers.map(\.rawValue).joined(separator: " or "))"
    )
    facts.add("defaults", "\(defaults.steps) steps, guidance \(defaults.guidanceScale.formatted)")

    var sizes = TextTable(.left, .right, .right, .left)
    for component in components {
      sizes.add(
        component.name, "\(component.parameters.grouped) parameters",
        component.bytes?.byteSize ?? "no weights", component.licence?.oneLine ?? "")
    }
    let bytes = components.reduce(0) { $0 + ($1.bytes ?? 0) }
    sizes.add("all", "\(components.reduce(0) { $0 + $1.parameters }.grouped) parameters", bytes.byteSize, "")

    var classes = TextTable(.left, .left)
    for known in knownClasses { classes.add(known.name, "\"\(known.example)\"") }
    let knowledge =
      knownClasses.isEmpty ? [] : ["", "What it knows, each with a prompt to try:"] + classes.lines
    return facts.lines + [""] + sizes.lines + knowledge
  }
}

extension Double {
  /// Without a fraction where there is none.
  var formatted: String { self == rounded() && magnitude < 1e15 ? "\(Int(self))" : "\(self)" }
}
