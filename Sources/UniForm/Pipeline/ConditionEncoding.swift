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
    if request.task.condition == nil { return EncodedCondition() }
    return try report.stage(.encodingCondition) { try encodeCondition(request) }
  }

  private func encodeCondition(_ request: ResolvedRequest) throws -> EncodedCondition {
    var encoded = EncodedCondition()
    let geometry = request.geometry
    switch request.condition {
    case .none: break
    case .video(let frames):
      let pictures = frames.cutOrHeld(to: geometry.frameCount).tensor.to(device)  // [1, 3, F, H, W]
      encoded.latents.video = try networks.loadedVideoEncoder()(pictures).mode  // [1, 4, T, h, w]
    case .audio(let sound):
      let whole = Waveform(
        sampleRate: sound.sampleRate, samples: Array(sound.samples.prefix(geometry.keptSampleCount))
      ).peakNormalized(count: geometry.sampleCount)
      let mel = mel(whole.tensor.unsqueezed(0).to(device))  // [1, frames, bins]
        .narrowed(1, start: 0, length: geometry.melFrameCount)
      encoded.mel = mel.selected(0, 0)
      encoded.latents.audio = try networks.loadedAudioEncoder()(mel.unsqueezed(1)).mode  // [1, 8, Ta, F]
    }
    return encoded
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
