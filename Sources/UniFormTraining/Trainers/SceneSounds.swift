internal import Media
public import Scenes
internal import Torch
internal import UniForm

/// A pool of rendered sounds to draw training windows from, at the peak level that a model's sounds have:
/// `[clips, samples]`, float32.
public struct SceneSounds {
  let samples: Tensor

  init(samples: Tensor) { self.samples = samples }

  /// Renders `count` clips of a dataset seed, in parallel.
  public init(count: Int, seed: UInt64, geometry: SceneGeometry) {
    let renderer = SceneRenderer(geometry: geometry)
    let samples = Tensor.empty([count, geometry.sampleCount])
    let block = 128
    for start in stride(from: 0, to: count, by: block) {
      let waveforms = concurrentMap(count: min(block, count - start)) { index in
        renderer.sound(seed: SceneRenderer.clipSeed(datasetSeed: seed, index: start + index))
          .peakNormalized().samples
      }
      for (index, waveform) in waveforms.enumerated() {
        samples.selected(0, start + index).copy_(Tensor(waveform))
      }
    }
    self.samples = samples
  }

  public var count: Int { samples.size(0) }

  /// - Throws: `ConfigurationError` for windows that the clips of a geometry are too short for, or that an autoencoder
  ///   which shortens them `reduction` times cannot take.
  static func check(windowFrames: Int, _ geometry: ClipGeometry, reduction: Int = 1)
    throws(ConfigurationError)
  {
    let longest = geometry.keptSampleCount / geometry.hopLength / reduction * reduction
    guard windowFrames <= longest, windowFrames.isMultiple(of: reduction) else {
      let multiple = reduction > 1 ? "a multiple of \(reduction) for the autoencoder, and " : ""
      throw ConfigurationError(
        "window_frames is \(windowFrames); it must be \(multiple)at most \(longest), the length of a clip")
    }
  }

  /// A random window for each generator: `[B, length]`.
  func windows(length: Int, _ generators: [Generator]) -> Tensor {
    Tensor.stack(
      generators.map { generator in
        let clip = generator.draw(count)
        let start = generator.draw(samples.size(1) - length + 1)
        return samples.selected(0, clip).narrowed(0, start: start, length: length)
      })
  }
}
