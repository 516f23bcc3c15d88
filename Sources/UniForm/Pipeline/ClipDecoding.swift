internal import Media
internal import Torch

extension UniFormPipeline {
  /// Latents `[1, 4, T, h, w]` to the frames that are kept; nil where pictures were given.
  func decodeVideo(
    _ latents: Tensor, _ request: ResolvedRequest, _ report: ProgressReport
  ) throws -> VideoFrames? {
    guard request.task.generated.contains(.video) else { return nil }
    return try decodeVideo(latents, request.geometry, report)
  }

  /// Latents `[1, 8, Ta, F]` to the log-mel `[frames, bins]`; nil where sound was given.
  func decodeAudio(
    _ latents: Tensor, _ request: ResolvedRequest, _ report: ProgressReport
  ) throws -> Tensor? {
    guard request.task.generated.contains(.audio) else { return nil }
    return try decodeAudio(latents, report)
  }

  /// A log-mel `[frames, bins]` to the sound that is kept, in −1…1; nil where sound was given.
  func vocode(_ mel: Tensor?, _ request: ResolvedRequest, _ report: ProgressReport) throws -> Waveform? {
    guard request.task.generated.contains(.audio), let mel else { return nil }
    return try vocode(mel, request.geometry, report)
  }
}

// MARK: Whatever they were made for

extension UniFormPipeline {
  /// Latents `[1, 4, T, h, w]` to the frames that are kept, in chunks that share nothing.
  func decodeVideo(
    _ latents: Tensor, _ geometry: ClipGeometry, _ report: ProgressReport
  ) throws -> VideoFrames {
    let decoder = try networks.loadedVideoDecoder()
    let chunks = latents.to(networks.dtype).split(
      [Int](repeating: geometry.chunkLatents, count: geometry.chunkCount), axis: 2)
    let pixels = try independentPieces(
      chunks.count, on: device,
      atOnce: decoder.tiling.chunksAtOnce(height: geometry.height, width: geometry.width),
      progress: { try report(.decodingVideo, $0, of: chunks.count) },
      compute: {
        let frames = decoder(chunks[$0], frames: geometry.chunkFrames)  // [1, 3, n, H, W]
        return VideoFrames.pixels(try frames.checkedFinite(after: .decodingVideo))
      })
    return VideoFrames(
      width: geometry.width, height: geometry.height, frameRate: Double(geometry.frameRate),
      pixels: Array(pixels.joined())
    ).cutOrHeld(to: geometry.keptFrameCount)
  }

  /// Latents `[1, 8, Ta, F]` to the log-mel `[frames, bins]`.
  func decodeAudio(_ latents: Tensor, _ report: ProgressReport) throws -> Tensor {
    let decoder = try networks.loadedAudioDecoder()
    return try independentPieces(
      1, on: device, progress: { try report(.decodingAudio, $0, of: 1) },
      compute: { _ in
        try decoder(latents).checkedFinite(after: .decodingAudio)
          .to(.float32).selected(0, 0).selected(0, 0)
      })[0]
  }

  /// A log-mel `[frames, bins]` to the sound that is kept, in −1…1, second by second.
  func vocode(_ mel: Tensor, _ geometry: ClipGeometry, _ report: ProgressReport) throws -> Waveform {
    let mel = mel.unsqueezed(0)  // [1, frames, bins]
    let vocoder = try networks.loadedVocoder()
    let frames = geometry.melFrameCount / geometry.codedSeconds
    let pieces = try independentPieces(
      geometry.codedSeconds, on: device,
      progress: { try report(.vocoding, $0, of: geometry.codedSeconds) },
      compute: { vocoder.vocode(mel, frames: $0 * frames..<($0 + 1) * frames).to(.float32) })
    let refinement = SpectralRefinement(self.mel, steps: model.vocoder.refinementSteps)
    let sound = try refinement(Tensor.concatenate(pieces, axis: 1), toward: mel)  // [1, samples]
      .checkedFinite(after: .vocoding)
    let kept = sound.narrowed(1, start: 0, length: geometry.keptSampleCount)
    return Waveform(sampleRate: geometry.sampleRate, kept.clamp(min: -1, max: 1))
  }
}
