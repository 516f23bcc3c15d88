public import Foundation
internal import Hub
internal import Torch
internal import UniForm

/// The judge of pictures, on whole clips.
public struct PictureJudgeExtractor: ClipExtractor {
  fileprivate let judge: Shared<PictureJudge>
  public let weights: String

  static let id = "scene-picture-judge"
  static let settings = "64x64-cover/17fps/whole/features-rms-1"
  public var id: String { Self.id }
  public var settings: String { Self.settings }
  public var needs: Set<ClipPart> { [.pictures] }

  public func extract(_ clip: ClipMedia, caption: String?) async throws -> ClipFeatures {
    let side = PictureJudge.decodedSize
    let frames = try await clip.frames(rate: PictureJudge.frameRate, size: (side, side))
    return ClipFeatures(alone { judge.value.judge(frames) })
  }
}

/// The judge of sound, on whole clips.
public struct SoundJudgeExtractor: ClipExtractor {
  fileprivate let judge: Shared<(SoundJudge, MelSpectrogram)>
  public let weights: String

  static let id = "scene-sound-judge"
  static let settings = "16kHz/peak-normalized/whole/features-rms-1"
  public var id: String { Self.id }
  public var settings: String { Self.settings }
  public var needs: Set<ClipPart> { [.sound] }

  public func extract(_ clip: ClipMedia, caption: String?) async throws -> ClipFeatures {
    let sound = try await clip.sound(sampleRate: SoundJudge.sampleRate)
    return ClipFeatures(alone { judge.value.0.judge(sound, mel: judge.value.1) })
  }
}

extension SceneJudges {
  /// Both judges of a folder, ready to look at clips.
  public static func extractors(_ folder: URL) async throws -> (
    picture: PictureJudgeExtractor, sound: SoundJudgeExtractor
  ) {
    let judges = try SceneJudges(folder)
    return (
      PictureJudgeExtractor(
        judge: Shared(judges.picture),
        weights: try await FileDigest.sha256(of: folder.appending(path: pictureFile))),
      SoundJudgeExtractor(
        judge: Shared((judges.sound, SoundJudge.makeMel())),
        weights: try await FileDigest.sha256(of: folder.appending(path: soundFile)))
    )
  }
}

extension ClipFeatures {
  fileprivate init(_ judgement: Judgement) {
    self = [
      "features": FeatureMatrix(judgement.features), "logits": FeatureMatrix(judgement.classLogits),
      "events": FeatureMatrix(judgement.events),
    ]
  }
}

/// A network that several tasks read at once and none changes.
struct Shared<Value>: @unchecked Sendable {
  let value: Value
  init(_ value: Value) { self.value = value }
}

/// Runs a forward pass on one thread: several clips are at work side by side.
func alone<Result>(_ body: () throws -> Result) rethrows -> Result {
  let before = ComputeThreads.count
  guard before > 1 else { return try body() }
  ComputeThreads.count = 1
  defer { ComputeThreads.count = before }
  return try body()
}
