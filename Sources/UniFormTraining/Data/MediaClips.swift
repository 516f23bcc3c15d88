internal import Foundation
public import Media
public import UniForm

/// The clips of a data set on disk, decoded by ffmpeg.
public struct MediaClips: ClipSource {
  public let list: ClipList
  public let geometry: ClipGeometry
  public let fit: VideoReader.Fit
  public let skipsStill: Bool

  /// - Parameters:
  ///   - geometry: of the model, with the length of the clips.
  ///   - skipsStill: leaves out clips whose picture never changes.
  public init(
    _ list: ClipList, geometry: ClipGeometry, fit: VideoReader.Fit = .cover, skipsStill: Bool = false
  ) {
    self.list = list
    self.geometry = geometry
    self.fit = fit
    self.skipsStill = skipsStill
  }

  public var count: Int { list.clips.count }
  public var settings: [String: String] { ["fit": fit.rawValue, "skip-still": "\(skipsStill)"] }
  public var summary: CacheRecipe.Source {
    .init(
      layout: list.layout.rawValue, split: list.choice, count: list.clips.count, fingerprint: list.fingerprint
    )
  }

  public func load(_ index: Int) async throws -> ClipOutcome {
    let clip = list.clips[index]
    do {
      return .loaded(try await read(clip))
    } catch let error as MediaError {
      guard let reason = SkipReason(error) else { throw error }
      return skipped(clip, reason, "\(error)")
    } catch let unusable as Unusable {
      return skipped(clip, unusable.reason, unusable.message)
    }
  }

  private struct Unusable: Error {
    let reason: SkipReason
    let message: String
  }

  private func skipped(_ clip: SourceClip, _ reason: SkipReason, _ message: String) -> ClipOutcome {
    .skipped(SkippedClip(id: clip.id, file: list.path(of: clip), reason: reason, message: message))
  }

  private func read(_ clip: SourceClip) async throws -> LoadedClip {
    let information = try await MediaProbe.probe(clip.file)
    if information.video == nil { throw MediaError.noVideo(clip.file) }
    if information.audio == nil { throw MediaError.noAudio(clip.file) }
    let start = clip.position.start(inFileLasting: information.duration)
    let audio = try await AudioReader.read(
      clip.file, start: start, seconds: geometry.seconds, sampleRate: geometry.sampleRate,
      lacking: geometry.seconds * Self.tolerance, probed: information)
    guard audio.rootMeanSquare >= Self.silence else { throw MediaError.silent(clip.file) }
    let video = try await VideoReader.read(
      clip.file, start: start, seconds: geometry.seconds, frameRate: Double(geometry.frameRate),
      width: geometry.width, height: geometry.height, fit: fit, lacking: geometry.seconds * Self.tolerance,
      probed: information)
    if skipsStill && video.isStill {
      throw Unusable(reason: .still, message: "the picture of '\(clip.file.relativePath)' never changes")
    }
    return LoadedClip(
      description: ClipDescription(
        id: clip.id, caption: clip.caption, file: list.path(of: clip), start: start, split: clip.split),
      video: video, audio: audio)
  }

  /// The share of a clip that may be missing at its end: streams of clips cut to a length rarely end together.
  private static let tolerance = 0.02
  /// Root mean square below which nothing is heard.
  private static let silence: Float = 1e-4
}

extension SkipReason {
  /// Nil for what is not the clip's fault.
  init?(_ error: MediaError) {
    switch error {
    case .fileMissing: self = .missing
    case .notAFile, .emptyFile, .unreadable, .damaged: self = .broken
    case .noVideo: self = .blind
    case .noAudio: self = .mute
    case .silent: self = .silent
    case .startBeyondEnd, .tooShort: self = .tooShort
    default: return nil
    }
  }
}

extension Waveform {
  fileprivate var rootMeanSquare: Float {
    let sum = samples.reduce(0.0) { $0 + Double($1) * Double($1) }
    return samples.isEmpty ? 0 : Float((sum / Double(samples.count)).squareRoot())
  }
}

extension VideoFrames {
  /// No frame differs from the first by more than a level per channel on average.
  fileprivate var isStill: Bool {
    let bytes = bytesPerFrame
    return pixels.withUnsafeBufferPointer { pixels in
      (1..<max(count, 1)).allSatisfy { frame in
        var sum = 0
        for index in 0..<bytes { sum += abs(Int(pixels[frame * bytes + index]) - Int(pixels[index])) }
        return sum <= bytes
      }
    }
  }
}
