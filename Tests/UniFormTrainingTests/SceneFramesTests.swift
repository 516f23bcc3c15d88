import Scenes
import Testing
import Torch

@testable import UniFormTraining

@Suite struct SceneFramesTests {
  @Test func windowsAreScaledAndKnowWhatMoves() {
    let geometry = SceneGeometry(width: 32, height: 32, frameRate: 17, seconds: 2, sampleRate: 8_000)
    let frames = SceneFrames(count: 3, seed: 1, geometry: geometry)
    let windows = frames.windows(length: 17, (1...4).map { Generator(seed: $0) })
    #expect(windows.frames.shape == [4, 3, 17, 32, 32])
    #expect(windows.motion.shape == [4, 1, 17, 32, 32])
    #expect(windows.frames.minimum.item >= -1 && windows.frames.maximum.item <= 1)
    #expect(windows.motion.minimum.item >= 0 && windows.motion.maximum.item <= 1)
    #expect(windows.motion.mean.item < 0.5)
  }

  @Test func theSameSeedRendersTheSamePool() {
    let geometry = SceneGeometry(width: 16, height: 16, frameRate: 17, seconds: 1, sampleRate: 8_000)
    let a = SceneFrames(count: 2, seed: 9, geometry: geometry)
    let b = SceneFrames(count: 2, seed: 9, geometry: geometry)
    #expect(a.pixels.values(as: UInt8.self) == b.pixels.values(as: UInt8.self))
  }
}
