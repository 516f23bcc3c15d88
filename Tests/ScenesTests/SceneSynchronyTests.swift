import Foundation
import Media
import Testing

@testable import Scenes

/// Everything that strikes must be seen and heard at the time its event says.
@Suite struct SceneSynchronyTests {
  static let sharp = SceneClass.allCases.filter(\.hasSharpEvents)

  @Test(arguments: sharp)
  func soundStartsWithinTwentyMillisecondsOfEachEvent(_ sceneClass: SceneClass) {
    let renderer = SceneRenderer(geometry: SceneGeometry())
    for seed in 0..<6 as Range<UInt64> {
      let scene = renderer.compose(seed: seed, sceneClass: sceneClass)
      let onsets = OnsetEnvelope(renderer.sound(of: scene, seed: seed))
      for event in scene.events {
        let before = onsets.energy(from: event.time - 0.03, to: event.time - 0.001)
        let after = onsets.energy(from: event.time, to: event.time + 0.02)
        #expect(after > 3 * before, "seed \(seed) at \(event.time): \(before) → \(after)")
        // Nothing of it is heard early, and it is loud on the scale of the whole clip.
        #expect(after > 4 * onsets.median, "seed \(seed) at \(event.time)")
      }
    }
  }

  @Test(arguments: sharp)
  func pictureFlashesOnTheFrameNearestToEachEvent(_ sceneClass: SceneClass) throws {
    let geometry = SceneGeometry(width: 24, height: 24)
    let renderer = SceneRenderer(geometry: geometry)
    for seed in 0..<2 as Range<UInt64> {
      let scene = renderer.compose(seed: seed, sceneClass: sceneClass)
      let video = renderer.picture(of: scene)
      let brightness = (0..<video.count).map { frame in
        let bytes = video.pixels[frame * video.bytesPerFrame..<(frame + 1) * video.bytesPerFrame]
        return Double(bytes.reduce(0) { $0 + Int($1) }) / Double(video.bytesPerFrame)
      }
      let rises = zip(brightness.dropFirst(), brightness).map { $0 - $1 }
      let struck = Set(scene.events.map { Int(($0.time * geometry.frameRate).rounded()) })
      let least = try #require(struck.map { rises[$0 - 1] }.min())
      // Motion keeps the brightness; only events raise it at once.
      let other = try #require(rises.indices.filter { !struck.contains($0 + 1) }.map { rises[$0] }.max())
      #expect(least > 1 && least > 1.5 * other, "seed \(seed): \(least) of 255 at events, \(other) elsewhere")
    }
  }
}

/// Energy of the first difference of a sound, which lifts attacks above ringing tails.
private struct OnsetEnvelope {
  private let sampleRate: Double
  private let squares: [Float]

  init(_ audio: Waveform) {
    sampleRate = Double(audio.sampleRate)
    let samples = audio.samples
    squares = zip(samples, samples.dropFirst()).map { ($1 - $0) * ($1 - $0) }
  }

  /// Mean over a span of seconds.
  func energy(from start: Double, to end: Double) -> Float {
    let range = max(0, Int(start * sampleRate))..<min(squares.count, Int(end * sampleRate))
    return squares[range].reduce(0, +) / Float(max(1, range.count))
  }

  /// Of the energy of all 20 ms pieces.
  var median: Float {
    let pieces = stride(from: 0.0, to: Double(squares.count) / sampleRate - 0.02, by: 0.02)
      .map { energy(from: $0, to: $0 + 0.02) }
    return pieces.sorted()[pieces.count / 2]
  }
}
