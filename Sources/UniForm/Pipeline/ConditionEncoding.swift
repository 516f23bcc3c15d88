internal import Media
internal import Torch

/// What was given besides text, coded for the denoiser.
struct EncodedCondition {
  /// Clean latents of the condition's modality, one clip.
  var latents = PerModality<Tensor?>(video: nil, audio: nil)
  /// What guidance leads away from, likewise.
  var negative = PerModality<Tensor?>(video: nil, audio: nil)
  /// The log-mel `[frames, bins]` of a given sound.
  var mel: Tensor?
}

extension UniFormPipeline {
  /// The modes of the autoencoders' posteriors over whole seconds of the condition.
  func encodeCondition(_ request: ResolvedRequest, _ report: ProgressReport) throws -> EncodedCondition {
    var encoded = EncodedCondition()
    let isGuided = request.guidance?.guidesCondition == true
    let passes = isGuided && request.negativeCondition == .still ? 2 : 1
    func negative(of latents: Tensor, still: (ProgressReport) throws -> Tensor) rethrows -> Tensor? {
      guard isGuided else { return nil }
      return passes == 2 ? try still(report.pass(1, of: 2)) : latents.zerosLike
    }
    switch request.condition {
    case .none: break
    case .video(let frames):
      let latents = try encodeVideo(frames, request.geometry, report.pass(0, of: passes))
      encoded.latents.video = latents
      encoded.negative.video = try negative(of: latents) {
        try encodeVideo(frames.cutOrHeld(to: 1), request.geometry, $0)
      }
    case .audio(let sound):
      let (mel, latents) = try encodeAudio(sound, request.geometry, report.pass(0, of: passes))
      (encoded.mel, encoded.latents.audio) = (mel, latents)
      encoded.negative.audio = try negative(of: latents) {
        try encodeAudio(Waveform(sampleRate: sound.sampleRate, samples: [0]), request.geometry, $0).latents
      }
    }
    return encoded
  }

  /// Pictures over whole seconds to latents `[1, 4, T, h, w]`: samples of the posterior, or its mode without a seed.
  func encodeVideo(
    _ frames: VideoFrames, _ geometry: ClipGeometry, seed: UInt64? = nil, _ report: ProgressReport
  ) throws -> Tensor {
    let encoder = try networks.loadedVideoEncoder()
    let frames = frames.cutOrHeld(to: geometry.frameCount)
    let latents = try independentPieces(
      geometry.chunkCount, on: device,
      atOnce: encoder.tiling.chunksAtOnce(height: geometry.height, width: geometry.width),
      progress: { try report(.encodingCondition, $0, of: geometry.chunkCount) },
      compute: { index in
        let generator = seed.map { Generator(seed: $0 &+ UInt64(index) &* Self.seedStride) }
        return self.posterior(of: index, in: frames, geometry, encoder, generator).value(generator)
      })
    return .concatenate(latents, axis: 2)
  }

  /// Sound over whole seconds to its log-mel `[frames, bins]` and latents `[1, 8, Ta, F]`: a sample of the
  /// posterior, or its mode without a seed.
  func encodeAudio(
    _ sound: Waveform, _ geometry: ClipGeometry, seed: UInt64? = nil, _ report: ProgressReport
  ) throws -> (mel: Tensor, latents: Tensor) {
    let encoder = try networks.loadedAudioEncoder()
    return try independentPieces(
      1, on: device, progress: { try report(.encodingCondition, $0, of: 1) },
      compute: { _ in
        let (mel, posterior) = self.posterior(of: sound, geometry, encoder)
        let generator = seed.map { Generator(seed: $0 &- Self.seedStride) }
        return (mel.selected(0, 0), posterior.value(generator))  // [1, 8, Ta, F]
      })[0]
  }

  /// Of one chunk of pictures: `[1, 2·4, t, h, w]`. The generator samples the posterior of each picture.
  func posterior(
    of chunk: Int, in frames: VideoFrames, _ geometry: ClipGeometry, _ encoder: VideoVAE.Encoder,
    _ generator: Generator? = nil
  ) -> DiagonalGaussian {
    // Bytes of one chunk at a time become numbers, which take four times the room.
    let chunk = frames.chunk(chunk, of: geometry.chunkFrames).tensor  // [1, 3, n, H, W]
    return encoder(chunk.to(device).to(dtype), generator: generator)
  }

  /// Of a sound over whole seconds, `[1, 2·8, Ta, F]`, and its log-mel `[1, frames, bins]`.
  func posterior(
    of sound: Waveform, _ geometry: ClipGeometry, _ encoder: AudioVAE.Encoder
  ) -> (mel: Tensor, posterior: DiagonalGaussian) {
    let mel = logMel(of: sound, geometry)
    return (mel, encoder(mel.unsqueezed(1)))
  }

  /// Of a sound over whole seconds at one peak level, `[1, frames, bins]`.
  func logMel(of sound: Waveform, _ geometry: ClipGeometry) -> Tensor {
    let whole = Waveform(
      sampleRate: sound.sampleRate, samples: Array(sound.samples.prefix(geometry.keptSampleCount))
    ).peakNormalized(count: geometry.sampleCount)
    return mel(whole.tensor.unsqueezed(0).to(device))  // [1, frames, bins]
      .narrowed(1, start: 0, length: geometry.melFrameCount)
  }

  /// Between the seeds of the chunks of a clip, so that clips of neighbouring seeds share none.
  private static var seedStride: UInt64 { 0x9E37_79B9_7F4A_7C15 }
}

extension VideoFrames {
  /// The `index`-th run of `count` frames.
  fileprivate func chunk(_ index: Int, of count: Int) -> VideoFrames {
    let bytes = count * bytesPerFrame
    return VideoFrames(
      width: width, height: height, frameRate: frameRate,
      pixels: Array(pixels[index * bytes..<(index + 1) * bytes]))
  }

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
