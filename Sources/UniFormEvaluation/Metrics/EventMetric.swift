internal import Scenes

/// F1 of events in time, as the judges of scenes see and hear them: against the true times of the scene, or
/// picture against sound of the same clip.
struct EventMetric: Metric {
  enum Comparison: String, CaseIterable {
    case soundToTruth = "sound-true"
    case pictureToTruth = "picture-true"
    case pictureToSound = "picture-sound"
  }

  let comparison: Comparison

  /// The tolerance of the value; those of the curve stand beside it.
  static let tolerance = 0.1

  var id: String { "Event-F1/\(comparison.rawValue)/scene-judges/one-to-one/±100ms" }
  var name: String {
    switch comparison {
    case .soundToTruth: "Event F1 (sound to true times)"
    case .pictureToTruth: "Event F1 (picture to true times)"
    case .pictureToSound: "Event F1 (picture to sound)"
    }
  }
  var family: String { "event-f1" }
  var better: Score.Direction { .higher }
  var needsReference: Bool { false }
  var extractors: [String] {
    switch comparison {
    case .soundToTruth: [SoundJudgeExtractor.id]
    case .pictureToTruth: [PictureJudgeExtractor.id]
    case .pictureToSound: [PictureJudgeExtractor.id, SoundJudgeExtractor.id]
    }
  }

  /// Two lists of moments of one clip.
  private struct Events {
    let found, truth: [Double]
  }

  func score(_ input: MetricInput) throws -> Score {
    let all = try events(input.generated, input)
    guard !all.isEmpty else { throw MetricGap(gap) }
    let (clips, real) = MetricInput.paired(all, try input.reference.map { try events($0, input) } ?? [])
    func f1(_ found: Events, _ truth: Events, _ tolerance: Double) -> Double {
      EventMatching(found: found.found, truth: truth.truth, tolerance: tolerance).f1
    }
    func perClip(_ clips: [Named<Events>]) -> [Named<Double>] {
      clips.map { ($0.name, f1($0.value, $0.value, Self.tolerance)) }
    }
    var score = Score(perClip: perClip(clips), reference: perClip(real))
    score.shuffled = shuffledMean(clips.count) { f1(clips[$0].value, clips[$1].value, Self.tolerance) }
    score.curve = EventMatching.tolerances.map { tolerance in
      let sum = clips.reduce(0) { $0 + f1($1.value, $1.value, tolerance) }
      return Score.Point(at: tolerance, value: sum / Double(clips.count))
    }
    return score
  }

  private var gap: String {
    comparison == .pictureToSound
      ? "no clip has an event in picture or sound"
      : "no clip has the times of its events; rendered scenes have them in a .json beside each clip"
  }

  /// Of the clips that have events from all extractors.
  private func events(_ set: ExtractedSet, _ input: MetricInput) throws -> [Named<Events>] {
    let all = try extractors.map { id in
      Dictionary(
        uniqueKeysWithValues: try set.features(id).map { ($0.clip.name, $0.features["events"]?.values ?? []) }
      )
    }
    return set.clips.compactMap { clip in
      let found = all.compactMap { $0[clip.name] }
      guard found.count == extractors.count else { return nil }
      return events(found, input.scene(clip), input.seconds).map { (name: clip.name, value: $0) }
    }
  }

  /// - Parameter seconds: no more than this from the start of the clip counts.
  private func events(_ found: [[Double]], _ scene: SceneDescription?, _ seconds: Double?) -> Events? {
    if let scene, !scene.sceneClass.hasSharpEvents { return nil }
    if comparison == .pictureToSound {
      guard scene != nil || found.contains(where: { !$0.isEmpty }) else { return nil }
      return Events(found: found[1], truth: found[0])
    }
    return scene.map {
      Events(found: found[0], truth: JudgeTargets.events($0).filter { $0 < seconds ?? .infinity })
    }
  }
}
