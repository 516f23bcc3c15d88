import Foundation
import Media
import Testing

@testable import Scenes

private let small = SceneGeometry(width: 24, height: 24, frameRate: 17, seconds: 1.5, sampleRate: 8000)

@Suite struct SceneRendererTests {
  @Test(arguments: SceneClass.allCases)
  func rendersTheSameClipForTheSameSeed(_ sceneClass: SceneClass) {
    let renderer = SceneRenderer(geometry: small)
    let first = renderer.render(seed: 7, sceneClass: sceneClass)
    let second = renderer.render(seed: 7, sceneClass: sceneClass)
    #expect(first.video == second.video)
    #expect(first.audio == second.audio)
    #expect(first.caption == second.caption)
    #expect(first.attributes == second.attributes)
    #expect(first.events == second.events)
    let other = renderer.render(seed: 8, sceneClass: sceneClass)
    #expect(first.video != other.video)
    #expect(first.audio != other.audio)
  }

  @Test func drawsTheClassFromTheSeed() {
    let renderer = SceneRenderer(
      geometry: SceneGeometry(width: 1, height: 1, frameRate: 1, seconds: 1, sampleRate: 100))
    let classes = (0..<300).map { renderer.render(seed: UInt64($0)).sceneClass }
    #expect(Set(classes).count == SceneClass.allCases.count)
    #expect(classes[5] == renderer.render(seed: 5).sceneClass)
    // Naming the class that the seed draws anyway changes nothing.
    #expect(renderer.render(seed: 5) == renderer.render(seed: 5, sceneClass: classes[5]))
  }

  @Test func isTheSameOnManyThreads() async {
    let renderer = SceneRenderer(geometry: small)
    let alone = (0..<12).map { renderer.render(seed: UInt64($0)) }
    let together = await withTaskGroup(of: (Int, SceneClip).self) { group in
      for index in 0..<12 { group.addTask { (index, renderer.render(seed: UInt64(index))) } }
      var clips = [SceneClip?](repeating: nil, count: 12)
      for await (index, clip) in group { clips[index] = clip }
      return clips
    }
    for (one, other) in zip(alone, together) { #expect(one == other) }
  }

  @Test(arguments: SceneClass.allCases)
  func keepsEventsAndCaptionAtAnyPictureAndSoundRate(_ sceneClass: SceneClass) {
    let one = SceneRenderer(geometry: small).render(seed: 3, sceneClass: sceneClass)
    let geometry = SceneGeometry(width: 31, height: 17, frameRate: 9, seconds: 1.5, sampleRate: 11_025)
    let other = SceneRenderer(geometry: geometry).render(seed: 3, sceneClass: sceneClass)
    #expect(one.events == other.events)
    #expect(one.caption == other.caption)
    #expect(one.attributes == other.attributes)
  }

  @Test(arguments: SceneClass.allCases)
  func beginsALongerClipWithTheSameEvents(_ sceneClass: SceneClass) {
    let short = SceneRenderer(geometry: small).compose(seed: 4, sceneClass: sceneClass).events
    var geometry = small
    geometry.seconds = 6
    let long = SceneRenderer(geometry: geometry).compose(seed: 4, sceneClass: sceneClass).events
    // A strike at the very end of the shorter clip is left out there.
    #expect(long.filter { $0.time < 1.3 } == short.filter { $0.time < 1.3 })
  }

  @Test(arguments: SceneClass.allCases)
  func fillsAnyGeometry(_ sceneClass: SceneClass) {
    let geometries = [
      SceneGeometry(width: 161, height: 121, frameRate: 8, seconds: 1, sampleRate: 22_050),
      SceneGeometry(width: 20, height: 70, frameRate: 29.97, seconds: 0.37, sampleRate: 44_100),
      SceneGeometry(width: 1, height: 1, frameRate: 1, seconds: 0.01, sampleRate: 100),
      SceneGeometry(width: 3, height: 2, frameRate: 0.5, seconds: 300, sampleRate: 100),
    ]
    for geometry in geometries {
      let clip = SceneRenderer(geometry: geometry).render(seed: 11, sceneClass: sceneClass)
      #expect(clip.video.count == geometry.frameCount)
      #expect(clip.video.width == geometry.width && clip.video.height == geometry.height)
      #expect(clip.audio.samples.count == geometry.sampleCount)
      #expect(clip.audio.sampleRate == geometry.sampleRate)
      #expect(clip.audio.samples.allSatisfy { $0.isFinite })
    }
  }

  @Test(arguments: SceneClass.allCases)
  func placesEventsInsideTheClipAndApart(_ sceneClass: SceneClass) {
    let renderer = SceneRenderer(geometry: SceneGeometry())
    for seed in 0..<20 as Range<UInt64> {
      let events = renderer.compose(seed: seed, sceneClass: sceneClass).events
      #expect(events.isEmpty != sceneClass.hasSharpEvents, "seed \(seed)")
      #expect(events.allSatisfy { $0.time > 0.05 && $0.time < 3.95 })
      for (one, next) in zip(events, events.dropFirst()) { #expect(next.time - one.time >= 0.3) }
    }
  }

  @Test func refusesImpossibleGeometry() throws {
    try SceneGeometry().validate()
    #expect(throws: SceneGeometryError.self) { try SceneGeometry(width: 0).validate() }
    #expect(throws: SceneGeometryError.self) { try SceneGeometry(seconds: .nan).validate() }
    #expect(throws: SceneGeometryError.self) { try SceneGeometry(sampleRate: -1).validate() }
    let error = #expect(throws: SceneGeometryError.self) { try SceneGeometry(height: 5000).validate() }
    #expect(error?.description == "the height of a scene cannot be 5000: choose 1 to 4096 pixels")
  }

  @Test func derivesDistinctClipSeeds() {
    let seeds = (0..<1000).map { SceneRenderer.clipSeed(datasetSeed: 1, index: $0) }
    #expect(Set(seeds).count == 1000)
    #expect(seeds[3] != SceneRenderer.clipSeed(datasetSeed: 2, index: 3))
    #expect(seeds[3] == SceneRenderer.clipSeed(datasetSeed: 1, index: 3))
  }

  @Test func describesTheClipAsSortedJSON() throws {
    let clip = SceneRenderer(geometry: small).render(seed: 2, sceneClass: .bounce)
    let data = try clip.description.json()
    let text = try #require(String(data: data, encoding: .utf8))
    #expect(text.contains("\"class\" : \"bounce\""))
    let background = try #require(text.range(of: "\"background\""))
    let size = try #require(text.range(of: "\"size\""))
    #expect(background.lowerBound < size.lowerBound)
    #expect(try JSONDecoder().decode(SceneDescription.self, from: data) == clip.description)
  }
}
