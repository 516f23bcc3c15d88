internal import Media
internal import Torch

extension UniFormPipeline {
  /// Latents `[1, 4, T, h, w]` to the frames that are kept, chunk by chunk.
  func decodeVideo(
    _ latents: Tensor, _ geometry: ClipGeometry, progress: (Int, Int) throws -> Void
  ) throws -> VideoFrames {
    let decoder = try networks.loadedVideoDecoder()
    let chunks = geometry.frameCount / geometry.chunkFrames
    var pixels: [UInt8] = []
    pixels.reserveCapacity(geometry.frameCount * geometry.width * geometry.height * 3)
    var done = 0
    try progress(done, chunks)
    try decoder(latents, frames: geometry.frameCount) { _, chunk in
      pixels += VideoFrames.pixels(chunk)
      done += 1
      try progress(done, chunks)
    }
    return VideoFrames(
      width: geometry.width, height: geometry.height, frameRate: Double(geometry.frameRate), pixels: pixels
    ).cutOrHeld(to: geometry.keptFrameCount)
  }

  /// Latents `[1, 8, Ta, F]` to the log-mel `[frames, bins]`.
  func decodeAudio(_ latents: Tensor) throws -> Tensor {
    try networks.loadedAudioDecoder()(latents).to(.float32).selected(0, 0).selected(0, 0)
  }

  /// A log-mel `[frames, bins]` to the sound that is kept, in −1…1.
  func vocode(_ mel: Tensor, _ geometry: ClipGeometry) throws -> Waveform {
    let sound = try networks.loadedVocoder().vocode(mel.unsqueezed(0)).to(.float32)  // [1, samples]
    let kept = sound.narrowed(1, start: 0, length: min(geometry.keptSampleCount, sound.size(1)))
    return Waveform(sampleRate: geometry.sampleRate, kept.clamp(min: -1, max: 1))
  }
}
