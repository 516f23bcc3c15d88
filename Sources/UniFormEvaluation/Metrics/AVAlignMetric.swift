/// ``AVAlign`` over a set: the mean of the clips that have peaks at all.
struct AVAlignMetric: Metric {
  let definition: AVAlign
  let extractor: PeakExtractor

  var id: String { "AV-Align/\(definition.rawValue)/\(extractor.settings)" }
  var name: String { "AV-Align (\(definition.rawValue))" }
  var family: String { "av-align" }
  var better: Score.Direction { .higher }
  var extractors: [String] { [extractor.id] }
  var needsReference: Bool { false }

  func score(_ input: MetricInput) throws -> Score {
    let clips = try input.generated(extractor.id).map { ($0.clip.name, AVAlign.Peaks($0.features)) }
    let scored = clips.compactMap { name, peaks in
      definition.score(peaks).map { (name: name, value: $0) }
    }
    guard !scored.isEmpty else { throw MetricGap("no clip has an onset or a peak of motion") }
    var score = Score(perClip: scored)
    score.excluded = clips.count - scored.count
    func mean(_ count: (AVAlign.Peaks) -> Int) -> Double {
      clips.reduce(0) { $0 + Double(count($1.1)) } / Double(clips.count)
    }
    score.details = [
      "mean_audio_peaks": mean { $0.audio.count }, "mean_video_peaks": mean { $0.video(definition).count },
    ]
    let peaks = clips.map(\.1)
    score.shuffled = meanOverShifts(count: peaks.count) { index, other in
      definition.score(
        AVAlign.Peaks(
          audio: peaks[index].audio, motion: peaks[other].motion, frameRate: peaks[other].frameRate))
    }
    if let real = try input.referenceIfAny(extractor.id) {
      let values = real.compactMap { definition.score(AVAlign.Peaks($0.features)) }
      score.reference = values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
      score.referenceCount = values.count
    }
    return score
  }
}

/// The mean of `value(i, j)` where j is another clip than i: the next one, the one after it, and so on up to ten.
/// Nil for a single clip, and where no pair has a value.
func meanOverShifts(count: Int, _ value: (Int, Int) -> Double?) -> Double? {
  guard count > 1 else { return nil }
  let values = (1...min(10, count - 1)).flatMap { shift in
    (0..<count).compactMap { value($0, ($0 + shift) % count) }
  }
  return values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
}
