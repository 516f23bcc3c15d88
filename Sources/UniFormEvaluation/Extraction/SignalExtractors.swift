internal import Media

/// Onsets of the sound and motion of the pictures, which AV-Align compares.
public struct PeakExtractor: ClipExtractor {
  /// Pixels of a side of the square that pictures are brought to; nil keeps their size.
  let size: Int?

  public init(size: Int? = nil) { self.size = size }

  public var id: String { "av-peaks" }
  public var settings: String {
    let frames = size.map { "\($0)x\($0)" } ?? "native-size"
    return "farneback-0.5-3-15-3-5-1.2/\(frames)/native-rate/onsets-librosa-22050"
  }
  public var weights: String { "" }
  public var needs: Set<ClipPart> { [.pictures, .sound] }

  public func extract(_ clip: ClipMedia, caption: String?) async throws -> ClipFeatures {
    let sound = try await clip.sound(sampleRate: OnsetStrength().sampleRate)
    let frames = try await clip.frames(size: size.map { ($0, $0) })
    let peaks = AVAlign.Peaks(frames: GrayFrames(frames), audio: sound, threads: clip.threads)
    // OpenCV's rate, which sets the times of the peaks, is the average.
    let average = try await clip.probe().video?.averageFrameRate.value
    return [
      "audio": FeatureMatrix(peaks.audio), "motion": FeatureMatrix(peaks.motion),
      "rate": FeatureMatrix([average ?? peaks.frameRate]),
    ]
  }
}

extension AVAlign.Peaks {
  init(_ features: ClipFeatures) {
    self.init(
      audio: features["audio"]?.values ?? [], motion: features["motion"]?.values ?? [],
      frameRate: features["rate"]?.values.first ?? 1)
  }
}
