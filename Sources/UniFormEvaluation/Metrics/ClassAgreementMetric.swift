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

  func score(_ input: MetricInput) throws -> Score {
    let opinions = try opinions(input.generated, input)
    guard !opinions.isEmpty else {
      throw MetricGap(
        comparison == .pictureToSound
          ? "no clip has both pictures and sound"
          : "no clip has a known class; rendered scenes have it in a .json beside each clip")
    }
    func agrees(_ index: Int, _ other: Int) -> Double { opinions[index].one == opinions[other].other ? 1 : 0 }
    var score = Score(perClip: opinions.indices.map { (opinions[$0].name, agrees($0, $0)) })
    score.shuffled = meanOverShifts(count: opinions.count) { agrees($0, $1) }
    if let reference = input.reference {
      let real = try self.opinions(reference, input)
      score.reference =
        real.isEmpty ? nil : Double(real.count { $0.one == $0.other }) / Double(real.count)
      score.referenceCount = real.count
    }
    return score
  }

  private func opinions(
    _ set: ExtractedSet, _ input: MetricInput
  ) throws -> [(name: String, one: SceneClass, other: SceneClass)] {
    let seen = try extractors.map { id in
      Dictionary(
        uniqueKeysWithValues: try set.features(id).map { ($0.clip.name, Self.opinion($0.features)) })
    }
    return set.clips.compactMap { clip in
      guard let one = seen[0][clip.name] else { return nil }
      let other = comparison == .pictureToSound ? seen[1][clip.name] : input.scene(clip)?.sceneClass
      return other.map { (clip.name, one, $0) }
    }
  }

  private static func opinion(_ features: ClipFeatures) -> SceneClass {
    let logits = features["logits"]?.values ?? []
    let best = logits.indices.max { logits[$0] < logits[$1] } ?? 0
    return SceneClass.allCases[min(best, SceneClass.allCases.count - 1)]
  }
}
