public import Media

/// How well peaks of sound and of motion coincide (Yariv et al. 2023): onsets of the sound, local maxima of the mean optical
/// flow, and a window of one frame to both sides.
///
/// Public code has three definitions that give different numbers for the same clip.
public enum AVAlign: String, Sendable, CaseIterable, Codable {
  /// TempoTokens before February 2025: any local maximum counts, and may serve several onsets.
  case old
  /// TempoTokens since February 2025: motion of a tenth of a pixel at least, and each maximum serves one onset.
  case v2025 = "2025"
  /// Sony's SVG baseline: precision and recall, combined as an intersection over union.
  case svg

  /// - Parameters:
  ///   - frameRate: whose inverse is the window.
  /// - Returns: in 0…1; nil where there is neither an onset nor a maximum, for which no definition has an answer.
  public func score(_ peaks: Peaks) -> Double? {
    let (audio, video) = (peaks.audio, peaks.video(self))
    guard !audio.isEmpty || !video.isEmpty else { return nil }
    let window = 1 / peaks.frameRate
    func coincide(_ a: Double, _ v: Double) -> Bool { v - window < a && a < v + window }
    switch self {
    case .old:
      let hits = audio.count { a in video.contains { coincide(a, $0) } }
      return Double(hits) / Double(audio.count + video.count - hits)
    case .v2025:
      var free = video
      var hits = 0
      for a in audio {
        guard let index = free.firstIndex(where: { coincide(a, $0) }) else { continue }
        free.remove(at: index)
        hits += 1
      }
      return Double(hits) / Double(audio.count + video.count - hits)
    case .svg:
      guard !audio.isEmpty, !video.isEmpty else { return 0 }
      let precision = Double(audio.count { a in video.contains { coincide(a, $0) } }) / Double(audio.count)
      let recall = Double(video.count { v in audio.contains { coincide($0, v) } }) / Double(video.count)
      let union = precision + recall - precision * recall
      return union > 0 ? precision * recall / union : 0
    }
  }

  /// What the score is made of, and the series to find other peaks in.
  public struct Peaks: Sendable, Equatable {
    /// Seconds.
    public let audio: [Double]
    /// Mean motion of each frame against the one before, in pixels; the first value is that of the second frame.
    public let motion: [Double]
    /// Frames per second.
    public let frameRate: Double

    public init(audio: [Double], motion: [Double], frameRate: Double) {
      self.audio = audio
      self.motion = motion
      self.frameRate = frameRate
    }

    /// - Parameters:
    ///   - audio: at ``OnsetStrength/sampleRate``, from the same moment as the frames.
    ///   - threads: that share the frames of this clip.
    public init(frames: GrayFrames, audio: Waveform, threads: Int = 1) {
      let magnitudes = FarnebackFlow().meanMagnitudes(frames, threads: threads)
      self.init(
        audio: OnsetDetection().times(audio), motion: magnitudes.prefix(1) + magnitudes,
        frameRate: frames.frameRate)
    }

    /// Seconds at which the motion has a local maximum that counts.
    public func video(_ definition: AVAlign) -> [Double] {
      let least = definition == .v2025 ? 0.1 : 0
      return motion.indices.dropFirst().dropLast()
        .filter { motion[$0] > motion[$0 - 1] && motion[$0] > motion[$0 + 1] && motion[$0] >= least }
        .map { Double($0) / frameRate }
    }
  }
}
