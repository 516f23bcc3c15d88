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
  func pictureChangesWithEachEvent(_ sceneClass: SceneClass) {
    let geometry = SceneGeometry(width: 32, height: 32)
    let renderer = SceneRenderer(geometry: geometry)
    for seed in 0..<2 as Range<UInt64> {
      let scene = renderer.compose(seed: seed, sceneClass: sceneClass)
      let video = renderer.picture(of: scene)
      for event in scene.events {
        let frame = Int((event.time * geometry.frameRate).rounded())
        // A flash or a new contact: some pixels jump between the frame before and the nearest one.
        let jump = largestChanges(video, frame - 1, frame)
        #expect(jump > 0.2, "seed \(seed) at \(event.time): \(jump)")
      }
    }
  }

  /// Mean of the largest 1 % of channel differences between two frames, 0…1.
  private func largestChanges(_ video: VideoFrames, _ one: Int, _ other: Int) -> Double {
    let size = video.bytesPerFrame
    let changes = (0..<size).map {
      abs(Int(video.pixels[one * size + $0]) - Int(video.pixels[other * size + $0]))
    }
    let top = changes.sorted(by: >).prefix(size / 100)
    return Double(top.reduce(0, +)) / Double(top.count) / 255
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
