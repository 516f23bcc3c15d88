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
    let all = try input.generated(extractor.id)
    let scored = scored(all)
    guard !scored.isEmpty else { throw MetricGap("no clip has an onset or a peak of motion") }
    let (clips, real) = MetricInput.paired(scored, self.scored(try input.referenceIfAny(extractor.id)))
    var score = Score(
      perClip: clips.map { ($0.name, $0.value.score) }, reference: real.map { ($0.name, $0.value.score) })
    score.excluded = all.count - scored.count
    let peaks = clips.map { $0.value.peaks }
    func mean(_ count: (AVAlign.Peaks) -> Int) -> Double {
      peaks.reduce(0) { $0 + Double(count($1)) } / Double(peaks.count)
    }
    score.details = [
      "mean_audio_peaks": mean { $0.audio.count }, "mean_video_peaks": mean { $0.video(definition).count },
    ]
    score.shuffled = shuffledMean(peaks.count) { index, other in
      definition.score(
        AVAlign.Peaks(
          audio: peaks[index].audio, motion: peaks[other].motion, frameRate: peaks[other].frameRate))
    }
    return score
  }

  /// The clips that have peaks at all.
  private func scored(_ entries: [MetricInput.Entry]) -> [Named<(peaks: AVAlign.Peaks, score: Double)>] {
    entries.compactMap { entry in
      let peaks = AVAlign.Peaks(entry.features)
      return definition.score(peaks).map { (name: entry.clip.name, value: (peaks: peaks, score: $0)) }
    }
  }
}
