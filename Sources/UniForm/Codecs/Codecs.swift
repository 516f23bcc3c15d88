public import Media
internal import Torch

/// What latents decode to.
public struct DecodedClip: Sendable {
  /// Nil where there are no latents of pictures; of sound, the others likewise.
  public let video: VideoFrames?
  public let audio: Waveform?
  /// The log-mel of the sound as it is heard, at one peak level.
  public let spectrogram: Spectrogram?
  /// The log-mel that the vocoder made the sound from.
  public let codedSpectrogram: Spectrogram?
}

/// The codecs as tools of their own, with the front end and the back end that clips are generated with.
extension UniFormPipeline {
  /// Pictures, sound or both to latents.
  ///
  /// As with a condition, what is shorter than `seconds` is held or followed by silence, and sound is brought to one
  /// peak level: how loud it was is not kept.
  ///
  /// - Parameters:
  ///   - video: frames of any size that the model makes, at its rate; `audio` at its sample rate.
  ///   - seconds: above 0, at most 10; the length of `video`, else of `audio`, where nil.
  ///   - seed: of a sample of the posterior; its mode where nil.
  ///   - progress: called often and on the calling thread; false stops with `CancellationError`.
  /// - Throws: ``CodecError``, ``GenerationError``, and what is wrong with the model's files.
  public func encode(
    video: VideoFrames? = nil, audio: Waveform? = nil, seconds: Double? = nil, seed: UInt64? = nil,
    progress: (GenerationProgress) -> Bool = { _ in true }
  ) throws -> ClipLatents {
    var geometry = model.geometry
    guard let ownLength = video?.seconds ?? audio?.seconds else { throw CodecError.nothingToEncode }
    let length = seconds ?? ownLength
    try ClipLatents.checkLength(length)
    geometry.seconds = length
    if let video {
      geometry.size = FrameSize(width: video.width, height: video.height)
      try model.check(geometry.size)
      try GenerationRequest.Condition.video(video).check(against: geometry)
    }
    if let audio {
      do {
        try GenerationRequest.Condition.audio(audio).check(against: geometry)
      } catch {
        // Nothing can be made from silence, but it has latents like any other sound.
        guard error == .silentCondition else { throw error }
      }
    }
    let codecs = PerModality(
      video: video == nil ? "" : model.codecFingerprint(of: .video),
      audio: audio == nil ? "" : model.codecFingerprint(of: .audio))
    return try reporting(progress) { report in
      ClipLatents(
        video: try video.map { try encodeVideo($0, geometry, seed: seed, report) },
        audio: try audio.map { try encodeAudio($0, geometry, seed: seed, report).latents },
        geometry: geometry, origin: ClipLatents.Origin(model: model.name, codecs: codecs, seed: seed))
    }
  }

  /// Latents to pictures, sound or both, of the clip's length and size.
  ///
  /// - Throws: ``CodecError`` for latents of other codecs, before any network is loaded; what is wrong with the
  ///   model's files.
  public func decode(
    _ latents: ClipLatents, progress: (GenerationProgress) -> Bool = { _ in true }
  ) throws -> DecodedClip {
    try latents.check(against: model)
    let geometry = latents.geometry
    return try reporting(progress) { report in
      let video = try latents.video.map { try decodeVideo($0.to(device), geometry, report) }
      let mel = try latents.audio.map { try decodeAudio($0.to(device), report) }
      let audio = try mel.map { try vocode($0, geometry, report) }
      func kept(_ mel: Tensor?) -> Spectrogram? {
        mel.map {
          let kept = $0.narrowed(0, start: 0, length: min(geometry.keptMelFrameCount, $0.size(0)))
          return Spectrogram(frameCount: kept.size(0), binCount: kept.size(1), values: kept.floats)
        }
      }
      return DecodedClip(
        video: video, audio: audio,
        spectrogram: kept(audio.map { logMel(of: $0, geometry).selected(0, 0) }), codedSpectrogram: kept(mel))
    }
  }

  /// Without gradients, and with reports of progress for one clip.
  func reporting<Result>(
    _ progress: (GenerationProgress) -> Bool, _ body: (ProgressReport) throws -> Result
  ) throws -> Result {
    try withoutActuallyEscaping(progress) { progress in
      try withoutGradient { try body(ProgressReport(clipCount: 1, progress)) }
    }
  }
}
