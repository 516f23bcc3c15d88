internal import Foundation
internal import Media
public import Scenes
internal import Torch

/// A pool of rendered clips to draw training windows from, as bytes in memory.
public struct SceneFrames {
  public let geometry: SceneGeometry
  /// `[clips, frames, H, W, 3]`, bytes.
  let pixels: Tensor
  /// The still part of each clip, `[clips, H, W, 3]`, bytes: the median over time.
  let still: Tensor

  init(geometry: SceneGeometry, pixels: Tensor, still: Tensor) {
    (self.geometry, self.pixels, self.still) = (geometry, pixels, still)
  }

  /// Renders `count` clips of a dataset seed, in parallel.
  public init(count: Int, seed: UInt64, geometry: SceneGeometry) {
    self.geometry = geometry
    let renderer = SceneRenderer(geometry: geometry)
    let shape = [count, geometry.frameCount, geometry.height, geometry.width, 3]
    let pixels = Tensor.empty(shape, dtype: .uint8)
    let still = Tensor.empty([count] + shape.dropFirst(2), dtype: .uint8)
    // In blocks, so that no more than a few clips exist twice.
    let block = 32
    for start in stride(from: 0, to: count, by: block) {
      let clips = concurrentMap(count: min(block, count - start)) { index in
        renderer.pictures(seed: SceneRenderer.clipSeed(datasetSeed: seed, index: start + index)).pixels
      }
      for (index, clip) in clips.enumerated() {
        let frames = Tensor(clip, shape: Array(shape.dropFirst()))
        pixels.selected(0, start + index).copy_(frames)
        let sample = frames.sliced(0, from: 0, to: geometry.frameCount, step: 4)
        still.selected(0, start + index).copy_(sample.median(0))
      }
    }
    self.pixels = pixels
    self.still = still
  }

  public var count: Int { pixels.size(0) }

  /// `length` frames of a random clip from a random chunk border for each generator: `[B, 3, length, H, W]` in [−1, 1],
  /// and how much each pixel moves, `[B, 1, length, H, W]` in [0, 1].
  func windows(length: Int, _ generators: [Generator]) -> (frames: Tensor, motion: Tensor) {
    let clips = generators.map { $0.draw(count) }
    let chunks = generators.map { $0.draw(geometry.frameCount / length) }
    let frames = Tensor.stack(
      zip(clips, chunks).map { pixels.selected(0, $0).narrowed(0, start: $1 * length, length: length) })
    let background = Tensor.stack(clips.map { still.selected(0, $0) }).unsqueezed(1)
    let x = frames.to(.float32) / 127.5 - 1  // [B, T, H, W, 3]
    let motion = ((x - (background.to(.float32) / 127.5 - 1)).abs.mean([4], keepingAxes: true) * 4)
      .clamp(max: 1)
    return (x.permuted(0, 4, 1, 2, 3).contiguous, motion.permuted(0, 4, 1, 2, 3))
  }
}
