public import UniForm

extension CodecFidelity {
  /// The codecs' own scores over clips: nothing was generated, so they bound what the model can reach.
  public static func scores(
    _ clips: [(name: String, fidelity: CodecFidelity)], geometry: ClipGeometry
  ) -> [Score] {
    func score(
      _ name: String, _ metric: String, _ better: Score.Direction, _ value: (CodecFidelity) -> Double?
    ) -> Score? {
      let values = clips.compactMap { clip in value(clip.fidelity).map { (name: clip.name, value: $0) } }
      guard !values.isEmpty else { return nil }
      var score = Score(perClip: values)
      (score.name, score.metric, score.family, score.better) = (name, metric, "codecs", better)
      return score
    }
    let size = "\(geometry.width)x\(geometry.height)/\(geometry.frameRate)fps"
    let sound = "\(geometry.sampleRate)Hz/\(geometry.melBins)-bins/natural-log/mean-absolute/peak-normalized"
    return [
      score("PSNR (video codec, dB)", "PSNR/\(size)/8-bit-RGB/per-clip/before-H.264", .higher) {
        $0.peakSignalToNoise
      },
      score("Log-mel distance (audio codec)", "Log-mel-distance/\(sound)/autoencoder", .lower) {
        $0.logMelDistance
      },
      score("Log-mel distance (audio codec and vocoder)", "Log-mel-distance/\(sound)/vocoder", .lower) {
        $0.vocodedLogMelDistance
      },
    ].compactMap(\.self)
  }
}
