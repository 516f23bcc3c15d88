public import Media
internal import Torch

extension UniFormPipeline {
  /// What the encoders predict for clips with pictures and sound: the posteriors whose modes
  /// ``encode(video:audio:seconds:seed:progress:)`` gives, bit for bit, on the CPU. The posterior of each single picture,
  /// inside the video codec, is taken at its mode.
  ///
  /// The pieces of all clips are computed side by side.
  ///
  /// - Parameters:
  ///   - clips: at the size and rates of the model.
  ///   - seconds: the length of each; what is shorter is held or followed by silence.
  ///   - progress: called often and on the calling thread; false stops with `CancellationError`.
  /// - Returns: per clip `[1, 2·4, T, H, W]` and `[1, 2·8, Ta, F]`.
  /// - Throws: ``GenerationError``, and what is wrong with the model's files.
  public func posteriors(
    of clips: [(video: VideoFrames, audio: Waveform)], seconds: Double,
    progress: (GenerationProgress) -> Bool = { _ in true }
  ) throws -> [PerModality<DiagonalGaussian>] {
    try ClipLatents.checkLength(seconds)
    var geometry = model.geometry
    geometry.seconds = seconds
    for clip in clips {
      try GenerationRequest.Condition.video(clip.video).check(against: geometry)
      guard clip.audio.sampleRate == geometry.sampleRate else {
        throw GenerationError.sampleRate(clip.audio.sampleRate, needed: geometry.sampleRate)
      }
    }
    let frames = clips.map { $0.video.cutOrHeld(to: geometry.frameCount) }
    let sounds = clips.map(\.audio)
    let (chunks, perClip) = (geometry.chunkCount, geometry.chunkCount + 1)
    return try reporting(progress) { [geometry] report in
      let (video, audio) = (try networks.loadedVideoEncoder(), try networks.loadedAudioEncoder())
      let pieces = try independentPieces(
        clips.count * perClip, on: device,
        atOnce: video.tiling.chunksAtOnce(height: geometry.height, width: geometry.width),
        progress: { try report(.encodingCondition, $0, of: clips.count * perClip) },
        compute: { piece in
          let (clip, part) = piece.quotientAndRemainder(dividingBy: perClip)
          let posterior =
            part < chunks
            ? self.posterior(of: part, in: frames[clip], geometry, video)
            : self.posterior(of: sounds[clip], geometry, audio).posterior
          return posterior.moments.to(.cpu)
        })
      return clips.indices.map { clip in
        let own = pieces[clip * perClip..<(clip + 1) * perClip]
        return PerModality(
          video: DiagonalGaussian(moments: .concatenate(Array(own.dropLast()), axis: 2)),
          audio: DiagonalGaussian(moments: own.last!))
      }
    }
  }
}
