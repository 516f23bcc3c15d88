import Foundation
import Scenes
import Testing
import Torch
import UniForm

@testable import UniFormEvaluation

/// The judges that ship, on scenes that they were not trained on.
@Suite struct JudgeTests {
  let judges: SceneJudges
  let renderer = SceneRenderer(geometry: SceneGeometry(width: 64, height: 64, seconds: 2))

  init() throws { judges = try SceneJudges(ClipEvaluationTests.judges) }

  @Test func theyKnowScenesAndHearAndSeeTheirEvents() {
    let mel = SoundJudge.makeMel()
    let kinds: [SceneClass] = [.anvil, .drums, .bell, .bounce, .rain, .siren, .waves]
    var (seen, heard) = (0, 0)
    var f1 = (picture: 0.0, sound: 0.0)
    let sharp = kinds.filter(\.hasSharpEvents).count
    for kind in kinds {
      let clip = renderer.render(
        seed: SceneRenderer.clipSeed(datasetSeed: 4_711, index: 0), sceneClass: kind)
      let truth = JudgeTargets.events(clip.description)
      let (picture, sound) = (judges.picture.judge(clip.video), judges.sound.judge(clip.audio, mel: mel))
      func best(_ logits: [Float]) -> SceneClass {
        SceneClass.allCases[logits.indices.max { logits[$0] < logits[$1] }!]
      }
      seen += best(picture.classLogits) == kind ? 1 : 0
      heard += best(sound.classLogits) == kind ? 1 : 0
      guard kind.hasSharpEvents else { continue }
      f1.picture += EventMatching(found: picture.events, truth: truth, tolerance: 0.1).f1 / Double(sharp)
      f1.sound += EventMatching(found: sound.events, truth: truth, tolerance: 0.1).f1 / Double(sharp)
    }
    #expect(seen >= 6 && heard >= 6, "\(seen) and \(heard) of \(kinds.count)")
    #expect(f1.picture > 0.8 && f1.sound > 0.8, "\(f1)")
  }

  @Test func curvesPeakBetweenTheirValues() {
    let curve = EventCurve(rate: 10, start: 0.05, threshold: 0)
    #expect(curve.times([-1, -1, 2, -1, -1]) == [0.25])
    let between = curve.times([-1, 1, 1.5, -1])
    #expect(between.count == 1 && between[0] > 0.2 && between[0] < 0.25)
    #expect(curve.times([-2, -1, -2]) == [] && curve.times([]) == [])
    #expect(curve.times([3, 1, 0]) == [0.05])
    let target = curve.target([0.25], count: 5, width: 1)
    #expect(target.firstIndex(of: target.max()!) == 2 && target[2] == 1)
  }

  @Test func filesOfOtherClassesAreRefused() throws {
    let place = try ClipEvaluationTests.Place()
    for name in [SceneJudges.pictureFile, SceneJudges.soundFile] {
      let file = try SafeTensors(contentsOf: ClipEvaluationTests.judges.appending(path: name))
      let tensors = try file.entries.keys.sorted().map { ($0, try file.tensor($0)) }
      try SafeTensors.write(
        tensors, metadata: ["classes": "cat,dog"], to: place.url.appending(path: name))
    }
    #expect(throws: WeightError.self) { try SceneJudges(place.url) }
  }

  @Test func eachIsSmall() throws {
    for name in [SceneJudges.pictureFile, SceneJudges.soundFile] {
      let size = try ClipEvaluationTests.judges.appending(path: name).resourceValues(forKeys: [.fileSizeKey])
        .fileSize
      #expect(try #require(size) < 500_000)
    }
  }
}
