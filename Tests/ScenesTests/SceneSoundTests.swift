import Foundation
import Media
import Testing

@testable import Scenes

@Suite struct SceneSoundTests {
  private let renderer = SceneRenderer(geometry: SceneGeometry())

  private func loudness(_ samples: some Sequence<Float>) -> Float {
    let squares = samples.map { $0 * $0 }
    return (squares.reduce(0, +) / Float(squares.count)).squareRoot()
  }

  private func mean(_ values: [Float]) -> Float { values.reduce(0, +) / Float(values.count) }

  /// Sounds of the first seeds by the value of one attribute.
  private func loudness(of sceneClass: SceneClass, by attribute: String) -> [String: [Float]] {
    var groups: [String: [Float]] = [:]
    for seed in 0..<60 as Range<UInt64> {
      let scene = renderer.compose(seed: seed, sceneClass: sceneClass)
      let value = loudness(renderer.sound(of: scene, seed: seed).samples)
      groups[scene.attributes[attribute] ?? "", default: []].append(value)
    }
    return groups
  }

  @Test(arguments: SceneClass.allCases)
  func isHeardWithoutClipping(_ sceneClass: SceneClass) {
    for seed in 0..<6 as Range<UInt64> {
      let scene = renderer.compose(seed: seed, sceneClass: sceneClass)
      let samples = renderer.sound(of: scene, seed: seed).samples
      let peak = samples.map(abs).max() ?? 0
      #expect(peak < 0.95 && peak > 0.04, "seed \(seed): peak \(peak)")
      #expect(loudness(samples) > 0.008, "seed \(seed)")
      // Never digital silence.
      for start in stride(from: 0, to: samples.count - 400, by: 400) {
        #expect(loudness(samples[start..<start + 400]) > 1e-4)
      }
    }
  }

  @Test func heavierRainIsLouder() throws {
    // Among clips on the same surface that neither grow nor fade.
    for surface in ["roof", "window", "leaves", "street"] {
      var levels: [String: Float] = [:]
      var seed: UInt64 = 0
      while levels.count < 3 {
        let scene = renderer.compose(seed: seed, sceneClass: .rain)
        if scene.attributes["surface"] == surface, scene.attributes["change"] == "even" {
          levels[try #require(scene.attributes["intensity"])] = loudness(
            renderer.sound(of: scene, seed: seed).samples)
        }
        seed += 1
      }
      #expect(levels["light"]! * 1.3 < levels["steady"]!)
      #expect(levels["steady"]! * 1.2 < levels["heavy"]!)
    }
  }

  @Test func growingRainGrowsAndFadingRainFades() {
    for seed in 0..<30 as Range<UInt64> {
      let scene = renderer.compose(seed: seed, sceneClass: .rain)
      let samples = renderer.sound(of: scene, seed: seed).samples
      let first = loudness(samples.prefix(16_000))
      let last = loudness(samples.suffix(16_000))
      switch scene.attributes["change"] {
      case "growing": #expect(last > 1.3 * first)
      case "fading": #expect(first > 1.3 * last)
      default: #expect(abs(log(first / last)) < 0.3)
      }
    }
  }

  @Test(arguments: [
    (SceneClass.waves, "size", "small", "large"), (.fire, "size", "small", "large"),
    (.waterfall, "size", "narrow", "wide"), (.wind, "intensity", "gentle", "strong"),
    (.engine, "size", "small", "large"), (.thunder, "distance", "distant", "close"),
  ])
  func moreIsLouder(_ sceneClass: SceneClass, _ attribute: String, _ less: String, _ more: String) throws {
    let groups = loudness(of: sceneClass, by: attribute)
    let quiet = try #require(groups[less])
    let loud = try #require(groups[more])
    #expect(1.25 * mean(quiet) < mean(loud))
  }

  @Test func smallerThingsSoundHigher() throws {
    for sceneClass in [SceneClass.bounce, .anvil, .clock, .bell, .bubbles, .siren] {
      var pitches: [String: [Float]] = [:]
      for seed in 0..<40 as Range<UInt64> {
        let scene = renderer.compose(seed: seed, sceneClass: sceneClass)
        if let material = scene.attributes["material"], material != "wood" { continue }
        let samples = renderer.sound(of: scene, seed: seed).samples
        // Energy of the difference against energy: the mean square frequency.
        let slope = loudness(zip(samples, samples.dropFirst()).map { $1 - $0 })
        pitches[try #require(scene.attributes["size"]), default: []].append(slope / loudness(samples))
      }
      let small = try #require(pitches["small"])
      let large = try #require(pitches["large"])
      #expect(mean(small) > 1.1 * mean(large), "\(sceneClass)")
    }
  }
}
