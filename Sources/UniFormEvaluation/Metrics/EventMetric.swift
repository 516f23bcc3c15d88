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
    let name: String
    let found, truth: [Double]
  }

  func score(_ input: MetricInput) throws -> Score {
    let clips = try events(try lists(input, \.generated), input)
    guard !clips.isEmpty else { throw MetricGap(gap) }
    func f1(_ tolerance: Double, _ index: Int, _ other: Int) -> Double {
      EventMatching(found: clips[index].found, truth: clips[other].truth, tolerance: tolerance).f1
    }
    var score = Score(
      perClip: clips.indices.map { (name: clips[$0].name, value: f1(Self.tolerance, $0, $0)) })
    score.shuffled = meanOverShifts(count: clips.count) { f1(Self.tolerance, $0, $1) }
    score.curve = EventMatching.tolerances.map { tolerance in
      let sum = clips.indices.reduce(0) { $0 + f1(tolerance, $1, $1) }
      return Score.Point(at: tolerance, value: sum / Double(clips.count))
    }
    if let reference = input.reference {
      let real = try events(try lists(input) { _ in reference }, input)
      let values = real.map {
        EventMatching(found: $0.found, truth: $0.truth, tolerance: Self.tolerance).f1
      }
      score.reference = values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
      score.referenceCount = values.count
    }
    return score
  }

  private var gap: String {
    comparison == .pictureToSound
      ? "no clip has an event in picture or sound"
      : "no clip has the times of its events; rendered scenes have them in a .json beside each clip"
  }

  private typealias Lists = [(clip: ClipFolder.Clip, events: [[Double]])]

  /// The events of the clips that have them from all extractors.
  private func lists(
    _ input: MetricInput, _ side: (MetricInput) -> ExtractedSet
  ) throws -> Lists {
    let set = side(input)
    let all = try extractors.map { id in
      Dictionary(
        uniqueKeysWithValues: try set.features(id).map { ($0.clip.name, $0.features["events"]?.values ?? []) }
      )
    }
    return set.clips.compactMap { clip in
      let events = all.compactMap { $0[clip.name] }
      return events.count == extractors.count ? (clip, events) : nil
    }
  }

  private func events(_ lists: Lists, _ input: MetricInput) throws -> [Events] {
    lists.compactMap { clip, events in
      let scene = input.scene(clip)
      if let scene, !scene.sceneClass.hasSharpEvents { return nil }
      if comparison == .pictureToSound {
        guard scene != nil || events.contains(where: { !$0.isEmpty }) else { return nil }
        return Events(name: clip.name, found: events[1], truth: events[0])
      }
      guard let scene else { return nil }
      return Events(name: clip.name, found: events[0], truth: JudgeTargets.events(scene))
    }
  }
}
