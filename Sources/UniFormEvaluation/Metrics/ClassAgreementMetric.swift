internal import Scenes

/// The share of clips that the judges of scenes take for what they are, or for the same by sight and by sound.
struct ClassAgreementMetric: Metric {
  enum Comparison: String, CaseIterable {
    case pictureToTruth = "picture-true"
    case soundToTruth = "sound-true"
    case pictureToSound = "picture-sound"
  }

  let comparison: Comparison

  var id: String { "Class-agreement/\(comparison.rawValue)/scene-judges" }
  var name: String {
    switch comparison {
    case .pictureToTruth: "Class agreement (picture)"
    case .soundToTruth: "Class agreement (sound)"
    case .pictureToSound: "Class agreement (picture and sound)"
    }
  }
  var family: String { "class-agreement" }
  var better: Score.Direction { .higher }
  var needsReference: Bool { false }
  var extractors: [String] {
    switch comparison {
    case .pictureToTruth: [PictureJudgeExtractor.id]
    case .soundToTruth: [SoundJudgeExtractor.id]
    case .pictureToSound: [PictureJudgeExtractor.id, SoundJudgeExtractor.id]
    }
  }

  /// What two sides take a clip for.
  private struct Opinions {
    let one, other: SceneClass
  }

  func score(_ input: MetricInput) throws -> Score {
    let all = try opinions(input.generated, input)
    guard !all.isEmpty else {
      throw MetricGap(
        comparison == .pictureToSound
          ? "no clip has both pictures and sound"
          : "no clip has a known class; rendered scenes have it in a .json beside each clip")
    }
    let (clips, real) = MetricInput.paired(all, try input.reference.map { try opinions($0, input) } ?? [])
    func agreement(_ one: Opinions, _ other: Opinions) -> Double { one.one == other.other ? 1 : 0 }
    func perClip(_ clips: [Named<Opinions>]) -> [Named<Double>] {
      clips.map { ($0.name, agreement($0.value, $0.value)) }
    }
    var score = Score(perClip: perClip(clips), reference: perClip(real))
    score.shuffled = shuffledMean(clips.count) { agreement(clips[$0].value, clips[$1].value) }
    return score
  }

  private func opinions(_ set: ExtractedSet, _ input: MetricInput) throws -> [Named<Opinions>] {
    let seen = try extractors.map { id in
      Dictionary(
        uniqueKeysWithValues: try set.features(id).map { ($0.clip.name, Self.opinion($0.features)) })
    }
    return set.clips.compactMap { clip in
      guard let one = seen[0][clip.name] else { return nil }
      let other = comparison == .pictureToSound ? seen[1][clip.name] : input.scene(clip)?.sceneClass
      return other.map { (name: clip.name, value: Opinions(one: one, other: $0)) }
    }
  }

  private static func opinion(_ features: ClipFeatures) -> SceneClass {
    let logits = features["logits"]?.values ?? []
    let best = logits.indices.max { logits[$0] < logits[$1] } ?? 0
    return SceneClass.allCases[min(best, SceneClass.allCases.count - 1)]
  }
}
