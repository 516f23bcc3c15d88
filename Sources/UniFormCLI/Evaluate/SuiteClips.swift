import Foundation
import Hub
import Media
import UniForm
import UniFormEvaluation

/// The clips of a suite one by one.
extension SuiteRun {
  /// What a clip was made with; stands beside it, so that it is not made twice, and made anew when any of it changes.
  private struct Settings: Codable, Equatable {
    var variant: SuiteVariant
    var model, weights, dtype, device, version: String
    var geometry: ClipGeometry
    var prompt: String?
    /// Nil where nothing is generated.
    var seed: UInt64?
    var steps: Int?
    var guidanceScale: Double?
    var conditionGuidanceScale: Double?
    var negativeCondition: GenerationRequest.NegativeCondition?
    var seconds: Double
    /// SHA-256 of the clip that is given.
    var condition: String?

    enum CodingKeys: String, CodingKey {
      case variant, model, weights, dtype, device, version, geometry, prompt, seed, steps, seconds
      case guidanceScale = "guidance_scale"
      case conditionGuidanceScale = "condition_guidance_scale"
      case negativeCondition = "negative_condition"
      case condition = "condition_sha256"
    }
  }

  /// Makes what is missing of one clip, in all variants.
  ///
  /// - Returns: why the clip cannot serve, where it is itself at fault.
  func make(_ clip: ClipFolder.Clip, index: Int, caption: String?, weights: String) async throws -> String? {
    guard access(clip.url.path, R_OK) == 0 else {
      let reason = String(cString: strerror(errno))
      return "\(MediaError.unreadable(clip.url, reason))"
    }
    var joint: GeneratedClip?
    let hash = try await FileDigest.sha256(of: clip.url)
    for variant in variants {
      var settings = Settings(
        variant: variant, model: directory.name, weights: weights, dtype: dtype, device: device,
        version: UniFormVersion.current, geometry: directory.geometry,
        prompt: variant.usesText ? caption : nil, seconds: seconds,
        condition: variant.isGiven || variant == .codecs ? hash : nil)
      if variant != .codecs {
        settings.seed = options.seed + UInt64(index)
        (settings.steps, settings.guidanceScale) = (steps, guidance)
      }
      if let scale = options.condition.conditionGuidance, variant.isGiven {
        settings.conditionGuidanceScale = scale
        settings.negativeCondition = options.condition.negativeCondition ?? .still
      }
      let file = folder(of: variant).appending(path: "\(clip.name).mp4")
      let record = folder(of: variant).appending(path: "\(clip.name).settings.json")
      var known = (try? Data(contentsOf: record)).flatMap {
        try? JSONDecoder().decode(Settings.self, from: $0)
      }
      // The same model by another name makes the same clips.
      known?.model = directory.name
      if known == settings && FileManager.default.fileExists(atPath: file.path) { continue }
      try? FileManager.default.removeItem(at: record)
      do {
        try FileManager.default.createDirectory(
          at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
      } catch {
        throw CommandFailure(
          "the folder '\(file.deletingLastPathComponent().relativePath)' cannot be made", .cannotCreate)
      }
      do {
        try await write(variant, clip, settings, joint: &joint, to: file)
      } catch let error where variant.canFail(error, of: clip.url) {
        return "\(variant.title): \(error)"
      }
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
      try encoder.encode(settings).write(to: record, options: .atomic)
    }
    return nil
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
    case .alone:
      let pictures = try await generate(settings, .none, only: .video)
      let heard = try await generate(settings, .none, only: .audio)
      picture = pictures.video.map { .frames($0) }
      sound = heard.audio.map { .waveform($0) }
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
    _ settings: Settings, _ condition: GenerationRequest.Condition, only: Modality? = nil,
    seedOffset: UInt64 = 0
  ) async throws -> GeneratedClip {
    var request = GenerationRequest(
      prompt: settings.prompt, condition: condition, only: only, steps: settings.steps,
      guidanceScale: settings.guidanceScale, seconds: settings.seconds,
      seed: (settings.seed ?? 0) + seedOffset)
    options.condition.apply(to: &request)
    let clips = try await pipeline.generate(request) { _ in true }
    guard let clip = clips.first else { throw CommandFailure("no clip was generated", .software) }
    return clip
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
          throw CommandFailure(
            "'\(file.relativePath)' cannot be read; remove its folder to make it again", .badData)
        }
        return (clip.name, fidelity)
      }, geometry: directory.geometry)
  }
}

extension SuiteVariant {
  /// Whether an error is the fault of one clip of the data set, and not of the machine or the model.
  fileprivate func canFail(_ error: any Error, of clip: URL) -> Bool {
    if let error = error as? GenerationError { return [.silentCondition, .unusableSamples].contains(error) }
    switch error as? MediaError {
    case .fileMissing(let url)?, .notAFile(let url)?, .emptyFile(let url)?, .unreadable(let url, _)?,
      .damaged(let url, _)?, .noVideo(let url)?, .noAudio(let url)?, .silent(let url)?,
      .startBeyondEnd(let url, _, _)?, .tooShort(let url, _, _)?:
      return url == clip
    // What was generated can always be written; what was given may not fit beside it.
    case .writeFailed?: return isGiven
    default: return false
    }
  }
}
