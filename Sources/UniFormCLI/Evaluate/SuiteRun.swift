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
  private let options: SuiteOptions
  private let scoring: ScoringOptions
  private let directory: ModelDirectory
  private let pipeline: PipelineActor
  private let dtype: String
  private let device: String
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
    dtype = machine.dtype.rawValue
    device = machine.place.device.rawValue
    pipeline = PipelineActor(
      directory, device: try machine.place.checkedDevice(), dtype: machine.dtype.dtype,
      threads: machine.place.threads)
  }

  func folder(of variant: SuiteVariant) -> URL {
    folder.appending(path: variant.rawValue, directoryHint: .isDirectory)
  }

  var title: String { "\(directory.name), \(kind.rawValue)" }

  func title(of variant: SuiteVariant) -> String { "\(title), \(variant.title)" }

  var tables: [(table: PublishedTable, rows: [SuiteVariant])] { kind.tables }

  /// The paper's, of its data; the model's own length, of scenes.
  var seconds: Double { kind.isOfThePaper ? 4 : directory.geometry.seconds }

  private var steps: Int { options.steps ?? (kind.isOfThePaper ? 30 : directory.defaults.steps) }
  private var guidance: Double {
    options.guidance ?? (kind.isOfThePaper ? 5 : directory.defaults.guidanceScale)
  }

  func settings(of variant: SuiteVariant) -> [String: String] {
    [
      "model": directory.name, "weights": directory.weightsFingerprint, "variant": variant.rawValue,
      "steps": "\(steps)", "guidance_scale": "\(guidance)", "seconds": "\(seconds)",
      "first_seed": "\(options.seed)", "dtype": dtype, "device": device,
    ]
  }

  /// Makes sure that every clip of every variant is there, or of one worker's share of the references.
  func prepare(_ share: WorkShare = .whole) async throws -> (reference: ClipFolder, captions: [String: String]) {
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
    for (done, index) in own.enumerated() {
      reporter.progress("generating", completed: done, total: own.count, unit: "clips")
      try Task.checkCancellation()
      let clip = reference.clips[index]
      try await make(clip, index: index, caption: captions[clip.name], weights: weights)
    }
    reporter.progress("generating", completed: own.count, total: own.count, unit: "clips")
    reporter.endProgress()
    return (reference, captions)
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

  // MARK: The codecs

  private func fidelityFile(_ name: String) -> URL {
    folder(of: .codecs).appending(path: "\(name).fidelity.json", directoryHint: .notDirectory)
  }

  /// What the codecs alone cost, from what was written beside each clip.
  func codecScores(of clips: ClipFolder) throws -> [Score] {
    CodecFidelity.scores(
      try clips.clips.map { clip in
        let file = fidelityFile(clip.name)
        guard let data = try? Data(contentsOf: file),
          let fidelity = try? JSONDecoder().decode(CodecFidelity.self, from: data)
        else {
          throw CommandFailure("'\(file.relativePath)' cannot be read; remove its folder to make it again", .badData)
        }
        return (clip.name, fidelity)
      }, geometry: directory.geometry)
  }

  // MARK: One clip

  /// What a clip was made with; stands beside it, so that it is not made twice, and made anew when any of it changes.
  private struct Settings: Codable, Equatable {
    var variant: SuiteVariant
    var model, weights, dtype, device, version: String
    var prompt: String?
    /// Nil where nothing is generated.
    var seed: UInt64?
    var steps: Int?
    var guidanceScale: Double?
    var seconds: Double
    /// SHA-256 of the clip that is given.
    var condition: String?

    enum CodingKeys: String, CodingKey {
      case variant, model, weights, dtype, device, version, prompt, seed, steps, seconds
      case guidanceScale = "guidance_scale"
      case condition = "condition_sha256"
    }
  }

  private func make(_ clip: ClipFolder.Clip, index: Int, caption: String?, weights: String) async throws {
    var joint: GeneratedClip?
    let hash = try await FileDigest.sha256(of: clip.url)
    for variant in variants {
      let isGiven = ![.t2av, .t2avWithoutText, .unimodal].contains(variant)
      var settings = Settings(
        variant: variant, model: directory.name, weights: weights, dtype: dtype, device: device,
        version: UniFormVersion.current, prompt: variant.usesText ? caption : nil, seconds: seconds,
        condition: isGiven ? hash : nil)
      if variant != .codecs {
        settings.seed = options.seed + UInt64(index)
        (settings.steps, settings.guidanceScale) = (steps, guidance)
      }
      let file = folder(of: variant).appending(path: "\(clip.name).mp4")
      let record = folder(of: variant).appending(path: "\(clip.name).settings.json")
      if FileManager.default.fileExists(atPath: file.path), let data = try? Data(contentsOf: record),
        (try? JSONDecoder().decode(Settings.self, from: data)) == settings
      {
        continue
      }
      try? FileManager.default.removeItem(at: record)
      do {
        try FileManager.default.createDirectory(
          at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
      } catch {
        throw CommandFailure(
          "the folder '\(file.deletingLastPathComponent().relativePath)' cannot be made", .cannotCreate)
      }
      try await write(variant, clip, settings, joint: &joint, to: file)
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
      try encoder.encode(settings).write(to: record, options: .atomic)
    }
  }

  /// - Parameter joint: what text to audio and video gave for this clip, once it did.
  private func write(
    _ variant: SuiteVariant, _ clip: ClipFolder.Clip, _ settings: Settings, joint: inout GeneratedClip?,
    to file: URL
  ) async throws {
    var picture: MediaWriter.Picture?
    var sound: MediaWriter.Sound?
    switch variant {
    case .t2av, .unimodal:
      let first =
        if let joint { joint } else { try await generate(settings, .none) }
      joint = first
      picture = first.video.map { .frames($0) }
      sound = first.audio.map { .waveform($0) }
      if variant == .unimodal {
        let second = try await generate(settings, .none, seedOffset: 1 << 40)
        sound = second.audio.map { .waveform($0) }
      }
    case .t2avWithoutText:
      let made = try await generate(settings, .none)
      picture = made.video.map { .frames($0) }
      sound = made.audio.map { .waveform($0) }
    case .v2a, .v2aWithoutText:
      let made = try await generate(settings, .video(try await givenFrames(clip)))
      picture = .original(clip.url, start: 0)
      sound = made.audio.map { .waveform($0) }
    case .a2v, .a2vWithoutText:
      let made = try await generate(settings, .audio(try await givenSound(clip)))
      picture = made.video.map { .frames($0) }
      sound = .original(clip.url, start: 0)
    case .codecs:
      let (frames, given, seconds) = (try await givenFrames(clip), try await givenSound(clip), seconds)
      let coded = try await pipeline.withPipeline {
        try $0.reconstruct(video: frames, audio: given, seconds: seconds) { _ in !Task.isCancelled }
      }
      picture = coded.clip.video.map { .frames($0) }
      sound = coded.clip.audio.map { .waveform($0) }
      try JSONEncoder().encode(coded.fidelity).write(to: fidelityFile(clip.name), options: .atomic)
    }
    try await MediaWriter.write(picture: picture, sound: sound, seconds: seconds, to: file)
  }

  private func givenFrames(_ clip: ClipFolder.Clip) async throws -> VideoFrames {
    let geometry = directory.geometry
    return try await VideoReader.read(
      clip.url, seconds: seconds, frameRate: Double(geometry.frameRate), width: geometry.width,
      height: geometry.height)
  }

  private func givenSound(_ clip: ClipFolder.Clip) async throws -> Waveform {
    try await AudioReader.read(clip.url, seconds: seconds, sampleRate: directory.geometry.sampleRate)
  }

  private func generate(
    _ settings: Settings, _ condition: GenerationRequest.Condition, seedOffset: UInt64 = 0
  ) async throws -> GeneratedClip {
    let request = GenerationRequest(
      prompt: settings.prompt, condition: condition, steps: settings.steps,
      guidanceScale: settings.guidanceScale, seconds: settings.seconds, seed: (settings.seed ?? 0) + seedOffset)
    let clips = try await pipeline.generate(request) { _ in true }
    guard let clip = clips.first else { throw CommandFailure("no clip was generated", .software) }
    return clip
  }
}
