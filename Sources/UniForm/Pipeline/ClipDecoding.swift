internal import Media
internal import Torch

extension UniFormPipeline {
  /// Latents `[1, 4, T, h, w]` to the frames that are kept, chunk by chunk; nil where pictures were given.
  func decodeVideo(
    _ latents: Tensor, _ request: ResolvedRequest, _ report: ProgressReport
  ) throws -> VideoFrames? {
    guard request.task.generated.contains(.video) else { return nil }
    let geometry = request.geometry
    let decoder = try networks.loadedVideoDecoder()
    let chunks = geometry.frameCount / geometry.chunkFrames
    var pixels: [UInt8] = []
    pixels.reserveCapacity(geometry.frameCount * geometry.width * geometry.height * 3)
    var done = 0
    try report(.decodingVideo, done, of: chunks)
    try decoder(latents, frames: geometry.frameCount) { _, chunk in
      pixels += VideoFrames.pixels(chunk)
      done += 1
      try report(.decodingVideo, done, of: chunks)
    }
    return VideoFrames(
      width: geometry.width, height: geometry.height, frameRate: Double(geometry.frameRate), pixels: pixels
    ).cutOrHeld(to: geometry.keptFrameCount)
  }

  /// Latents `[1, 8, Ta, F]` to the log-mel `[frames, bins]`; nil where sound was given.
  func decodeAudio(
    _ latents: Tensor, _ request: ResolvedRequest, _ report: ProgressReport
  ) throws -> Tensor? {
    guard request.task.generated.contains(.audio) else { return nil }
    return try report.stage(.decodingAudio) {
      try networks.loadedAudioDecoder()(latents).to(.float32).selected(0, 0).selected(0, 0)
    }
  }

  /// A log-mel `[frames, bins]` to the sound that is kept, in −1…1; nil where sound was given.
  func vocode(_ mel: Tensor?, _ request: ResolvedRequest, _ report: ProgressReport) throws -> Waveform? {
    guard request.task.generated.contains(.audio), let mel else { return nil }
    let geometry = request.geometry
    return try report.stage(.vocoding) {
      let sound = try networks.loadedVocoder().vocode(mel.unsqueezed(0)).to(.float32)  // [1, samples]
      let kept = sound.narrowed(1, start: 0, length: geometry.keptSampleCount)
      return Waveform(sampleRate: geometry.sampleRate, kept.clamp(min: -1, max: 1))
    }
  }
}
