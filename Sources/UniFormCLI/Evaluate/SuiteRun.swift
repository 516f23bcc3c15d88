import Foundation
import Hub
import Media
import Scenes
import Torch
import UniForm
import UniFormEvaluation
import UniFormTraining

/// Generates the clips of a suite that are not there yet.
struct SuiteRun {
  let kind: EvaluationSuite
  let variants: [SuiteVariant]
  /// Of clips and report.
  let folder: URL
  let options: SuiteOptions
  private let scoring: ScoringOptions
  let directory: ModelDirectory
  let pipeline: PipelineActor
  /// What is computed in, also where that was left to the machine.
  let dtype: String
  let device: String
  private let captionFile: String?
  private let threads: Int
  private let reporter: Reporter

  /// Scenes of this seed were never trained on.
  private static let sceneSeed: UInt64 = 777

  init(
    _ kind: EvaluationSuite, _ options: SuiteOptions, _ scoring: ScoringOptions, _ machine: MachineOptions,
    captions: String?, _ reporter: Reporter
  ) throws {
    self.kind = kind
    self.options = options
    self.scoring = scoring
    self.reporter = reporter
    captionFile = captions
    variants = try options.chosenVariants()
    directory = try ModelLocation.open(machine.model)
    folder = URL(filePath: options.folder ?? "evaluation-\(kind.rawValue)-\(directory.name)")
    threads = machine.place.threads ?? ProcessInfo.processInfo.activeProcessorCount
    let place = try machine.place.checkedDevice()
    let computed = machine.dtype.dtype ?? .fastest(on: place)
    dtype = "\(computed)"
    device = machine.place.device.rawValue
    pipeline = PipelineActor(directory, device: place, dtype: computed, threads: machine.place.threads)
  }

  func folder(of variant: SuiteVariant) -> URL {
    folder.appending(path: variant.rawValue, directoryHint: .isDirectory)
  }

  var title: String { "\(directory.name), \(kind.rawValue)" }

  func title(of variant: SuiteVariant) -> String { "\(title), \(variant.title)" }

  var tables: [(table: PublishedTable, rows: [SuiteVariant])] { kind.tables }

  /// The paper's, of its data; the model's own length, of scenes.
  var seconds: Double { kind.isOfThePaper ? 4 : directory.geometry.seconds }

  var steps: Int { options.steps ?? (kind.isOfThePaper ? 30 : directory.defaults.steps) }
  var guidance: Double {
    options.guidance ?? (kind.isOfThePaper ? 5 : directory.defaults.guidanceScale)
  }

  func settings(of variant: SuiteVariant) -> [String: String] {
    let geometry = directory.geometry
    var settings = [
      "model": directory.name, "weights": directory.weightsFingerprint, "variant": variant.rawValue,
      "conditions": variant.conditions,
      "steps": "\(steps)", "guidance_scale": "\(guidance)", "seconds": "\(seconds)",
      "first_seed": "\(options.seed)", "dtype": dtype, "device": device,
      "geometry":
        "\(geometry.width)x\(geometry.height), \(geometry.frameRate) fps, \(geometry.sampleRate) Hz",
    ]
    if let scale = options.condition.conditionGuidance, variant.isGiven {
      settings["condition_guidance_scale"] = "\(scale)"
      settings["negative_condition"] = (options.condition.negativeCondition ?? .still).rawValue
    }
    return settings
  }

  /// Makes sure that every clip of every variant is there, or of one worker's share of the references.
  ///
  /// - Returns: those references that all variants have a clip of, so that all scores are of the same clips, and those
  ///   that cannot serve.
  func prepare(_ share: WorkShare = .whole) async throws -> (
    reference: ClipFolder, captions: [String: String], skipped: [ExtractedSet.Failure]
  ) {
    let reference = try await references()
    var captions = try CaptionList.captions(captionFile, of: [reference])
    if kind == .aist {
      for clip in reference.clips where captions[clip.name] == nil {
        captions[clip.name] = CaptionList.dance(clip.name)
      }
    }
    if variants.contains(where: \.usesText),
      let clip = reference.clips.first(where: { captions[$0.name] == nil })
    {
      throw CommandFailure(
        "the clip '\(clip.name)' has no caption; name one in --captions, or choose variants without text",
        .badData)
    }
    for variant in variants {
      do {
        try FileManager.default.createDirectory(at: folder(of: variant), withIntermediateDirectories: true)
      } catch {
        throw CommandFailure("the folder '\(folder(of: variant).relativePath)' cannot be made", .cannotCreate)
      }
    }
    let weights = directory.weightsFingerprint
    let own = reference.clips.indices.filter(share.owns)
    var skipped: [ExtractedSet.Failure] = []
    for (done, index) in own.enumerated() {
      reporter.progress("generating", completed: done, total: own.count, unit: "clips")
      try Task.checkCancellation()
      let clip = reference.clips[index]
      let fault = try await make(clip, index: index, caption: captions[clip.name], weights: weights)
      if let fault { skipped.append(ExtractedSet.Failure(clip: clip.name, reason: fault)) }
    }
    reporter.progress("generating", completed: own.count, total: own.count, unit: "clips")
    reporter.endProgress()
    let left = Set(skipped.map(\.clip))
    return (reference.keeping { share.owns($0) && !left.contains($1.name) }, captions, skipped)
  }

  private func references() async throws -> ClipFolder {
    if let data = options.data { return try ClipFolder(URL(filePath: data), limit: scoring.limit) }
    let classes = SceneClass.allCases
    let scenes = SceneFolder(
      url: folder.appending(path: "reference", directoryHint: .isDirectory), seed: Self.sceneSeed,
      count: scoring.limit ?? 3 * classes.count, geometry: directory.geometry.scenes, classes: classes)
    do {
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    } catch {
      throw CommandFailure(
        "the folder '\(folder.relativePath)' cannot be made; choose another", .cannotCreate)
    }
    let reporter = reporter
    // Rendering is short: of several workers the first does it, and the others wait for it.
    try await FileLock.hold(folder.appending(path: ".rendering")) {
      _ = try await scenes.fill(threads: threads) {
        reporter.progress("rendering", completed: $0, total: $1, unit: "clips")
      }
    }
    reporter.endProgress()
    return try ClipFolder(scenes.url, limit: scoring.limit)
  }
}
