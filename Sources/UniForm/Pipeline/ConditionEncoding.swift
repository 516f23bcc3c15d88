internal import Media
internal import Torch

/// What was given besides text, coded for the denoiser.
struct EncodedCondition {
  /// Clean latents of the condition's modality, one clip.
  var latents = PerModality<Tensor?>(video: nil, audio: nil)
  /// The log-mel `[frames, bins]` of a given sound.
  var mel: Tensor?
}

extension UniFormPipeline {
  /// The modes of the autoencoders' posteriors over whole seconds of the condition.
  func encodeCondition(_ request: ResolvedRequest, _ report: ProgressReport) throws -> EncodedCondition {
    let geometry = request.geometry
    switch request.condition {
    case .none: return EncodedCondition()
    case .video(let frames):
      let encoder = try networks.loadedVideoEncoder()
      let chunks = frames.cutOrHeld(to: geometry.frameCount).tensor.to(device)  // [1, 3, F, H, W]
        .split([Int](repeating: geometry.chunkFrames, count: geometry.chunkCount), axis: 2)
      let latents = try independentPieces(
        chunks.count, on: device,
        progress: { try report(.encodingCondition, $0, of: chunks.count) },
        compute: { encoder(chunks[$0]).mode })
      return EncodedCondition(
        latents: PerModality(video: .concatenate(latents, axis: 2), audio: nil))  // [1, 4, T, h, w]
    case .audio(let sound):
      let encoder = try networks.loadedAudioEncoder()
      let whole = Waveform(
        sampleRate: sound.sampleRate, samples: Array(sound.samples.prefix(geometry.keptSampleCount))
      ).peakNormalized(count: geometry.sampleCount)
      let (spectrogram, latents) = try independentPieces(
        1, on: device, progress: { try report(.encodingCondition, $0, of: 1) },
        compute: { [mel, device] _ in
          let mel = mel(whole.tensor.unsqueezed(0).to(device))  // [1, frames, bins]
            .narrowed(1, start: 0, length: geometry.melFrameCount)
          return (mel.selected(0, 0), encoder(mel.unsqueezed(1)).mode)  // [1, 8, Ta, F]
        })[0]
      return EncodedCondition(latents: PerModality(video: nil, audio: latents), mel: spectrogram)
    }
  }
}

extension VideoFrames {
  /// Exactly `count` frames: cut, or followed by copies of the last one.
  func cutOrHeld(to count: Int) -> VideoFrames {
    var result = self
    let given = self.count
    if given >= count {
      result.pixels.removeLast((given - count) * bytesPerFrame)
      return result
    }
    let last = pixels.suffix(bytesPerFrame)
    for _ in given..<count { result.pixels += last }
    return result
  }
}
