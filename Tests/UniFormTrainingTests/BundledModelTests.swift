import Foundation
import Media
import Scenes
import Testing
import Torch
import UniForm

/// What the bundled model has learned, on scenes of a seed that it was not trained on.
@Suite(.serialized) struct BundledModelTests {
  static let folder = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().appending(path: "Models/uniform-tiny")
  static let heldOutSeed: UInt64 = 777

  let pipeline: UniFormPipeline
  let renderer: SceneRenderer

  init() throws {
    let model = try ModelDirectory(Self.folder)
    let g = model.geometry
    pipeline = try UniFormPipeline(model)
    renderer = SceneRenderer(
      geometry: SceneGeometry(
        width: g.width, height: g.height, frameRate: Double(g.frameRate), seconds: g.seconds,
        sampleRate: g.sampleRate))
  }

  /// Times at which energy rises in all bands together: the positive difference over 30 ms, averaged over bands, where
  /// it peaks above half a neper.
  private func onsets(_ clip: GeneratedClip) -> [Double] {
    let bins = clip.melBins
    let frames = (0..<clip.melFrames).map { Array(clip.mel[($0 * bins)..<(($0 + 1) * bins)]) }
    let flux = frames.indices.map { index -> Float in
      guard index >= 3 else { return 0 }
      let rises = zip(frames[index], frames[index - 3]).map { max(max($0, -7.5) - max($1, -7.5), 0) }
      return rises.reduce(0, +) / Float(bins)
    }
    var times: [Double] = []
    for index in 1..<(flux.count - 1)
    where flux[index] > 0.5 && flux[index] >= flux[index - 1] && flux[index] > flux[index + 1] {
      let time = Double(index - 1) * 0.01
      if let last = times.last, time - last < 0.15 { continue }
      times.append(time)
    }
    return times
  }

  /// F1 of a one-to-one match within 100 ms.
  private func score(_ found: [Double], _ truth: [Double]) -> Double {
    var rest = found
    var hits = 0
    for time in truth {
      guard let best = rest.indices.min(by: { abs(rest[$0] - time) < abs(rest[$1] - time) }),
        abs(rest[best] - time) <= 0.1
      else { continue }
      rest.remove(at: best)
      hits += 1
    }
    return found.isEmpty && truth.isEmpty ? 1 : 2 * Double(hits) / Double(found.count + truth.count)
  }

  @Test func soundsStartWhenThingsHit() throws {
    let classes: [SceneClass] = [.anvil, .drums, .bell, .clock, .xylophone, .bounce]
    let scenes = classes.flatMap { kind in
      (0..<2).map { index in
        renderer.render(
          seed: SceneRenderer.clipSeed(datasetSeed: Self.heldOutSeed, index: index), sceneClass: kind)
      }
    }
    var matched = 0.0
    var shuffled = 0.0
    let found = try scenes.map { scene in
      let request = GenerationRequest(
        prompt: scene.caption, condition: .video(scene.video), steps: 10, seed: 1)
      return onsets(try pipeline.generate(request)[0])
    }
    for index in scenes.indices {
      matched += score(found[index], scenes[index].events.map(\.time)) / Double(scenes.count)
      // The events of another clip of another class: what periodic patterns match by chance.
      let other = scenes[(index + 2) % scenes.count]
      shuffled += score(found[index], other.events.map(\.time)) / Double(scenes.count)
    }
    print(
      "video to audio, \(scenes.count) held-out clips: onset F1 within 100 ms \(matched), by chance \(shuffled)"
    )
    #expect(matched > 0.85, "F1 \(matched), by chance \(shuffled)")
    #expect(matched > shuffled + 0.4, "F1 \(matched), by chance \(shuffled)")
  }

  /// Captions of held-out scenes, and the short prompts that `uniform info` proposes.
  @Test func itsClipsAreRecognisedBySightAndBySound() throws {
    let mel = try MelSpectrogram(pipeline.model.mel)
    let recognition = SceneRecognition(renderer: renderer, mel: mel, perClass: 16, seed: 4_242)
    expectRenderedScenes(areRecognisedBy: recognition, mel)
    let prompts = try SceneClass.allCases.flatMap { kind in
      let example = try #require(pipeline.model.knownClasses.first { $0.name == kind.rawValue }).example
      let captions = (0..<2).map {
        renderer.render(
          seed: SceneRenderer.clipSeed(datasetSeed: Self.heldOutSeed, index: $0), sceneClass: kind
        ).caption
      }
      return ([example] + captions).map { (kind: kind, prompt: $0) }
    }
    var (seen, heard, missed) = (0, 0, [String]())
    for (kind, prompt) in prompts {
      let clip = try pipeline.generate(GenerationRequest(prompt: prompt, seed: 1))[0]
      let picture = recognition.picture(of: try #require(clip.video))
      let sound = recognition.sound(of: Tensor(clip.mel, shape: [clip.melFrames, clip.melBins]))
      seen += picture == kind ? 1 : 0
      heard += sound == kind ? 1 : 0
      if picture != kind || sound != kind {
        missed.append("\"\(prompt)\" looks like \(picture), sounds like \(sound)")
      }
    }
    let count = prompts.count
    print("text to audio and video: of \(count) clips \(seen) are recognised by sight, \(heard) by sound")
    print(missed.joined(separator: "\n"))
    #expect(seen > count * 8 / 10 && heard > count * 8 / 10, "\(seen) and \(heard) of \(count)")
  }

  /// What the measure can reach.
  private func expectRenderedScenes(areRecognisedBy recognition: SceneRecognition, _ mel: MelSpectrogram) {
    var (seen, heard, count) = (0, 0, 0)
    for kind in SceneClass.allCases {
      for index in 0..<4 {
        let scene = renderer.render(
          seed: SceneRenderer.clipSeed(datasetSeed: Self.heldOutSeed, index: index), sceneClass: kind)
        let sound = mel(scene.audio.peakNormalized().tensor.unsqueezed(0)).selected(0, 0)
        seen += recognition.picture(of: scene.video) == kind ? 1 : 0
        heard += recognition.sound(of: sound) == kind ? 1 : 0
        count += 1
      }
    }
    print("rendered scenes: of \(count) clips \(seen) are recognised by sight, \(heard) by sound")
    #expect(seen > count * 8 / 10 && heard > count * 8 / 10, "\(seen) and \(heard) of \(count)")
  }

  @Test func everySceneClassIsKnownWithAnExampleThatFits() throws {
    let model = pipeline.model
    #expect(Set(model.knownClasses.map(\.name)) == Set(SceneClass.allCases.map(\.rawValue)))
    let tokenizer = try model.loadTokenizer()
    for known in model.knownClasses {
      let kind = try #require(SceneClass(rawValue: known.name))
      let words = known.example.split(separator: " ").map(String.init)
      #expect(!Set(words).isDisjoint(with: kind.words), "\(known.example)")
      #expect(
        try tokenizer.encode(known.example, maximumLength: 1_000).length
          <= model.transformer.maximumTextLength)
    }
  }

  @Test func itIsSmall() throws {
    var bytes = 0
    let files = FileManager.default.enumerator(
      at: Self.folder, includingPropertiesForKeys: [.fileSizeKey])
    for case let file as URL in files! {
      bytes += try file.resourceValues(forKeys: [.fileSizeKey]).fileSize ?? 0
    }
    #expect(bytes < 40_000_000, "\(bytes) bytes")
  }
}
