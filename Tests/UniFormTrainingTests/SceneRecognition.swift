import Media
import Scenes
import Torch
import UniForm

/// Tells which kind of scene a clip shows and sounds like: the kind that most of the nearest rendered scenes have.
///
/// Pictures are compared by where their edges lie and where they move, sound by the mean and the deviation of each
/// band: simple features that nothing was trained for.
struct SceneRecognition {
  private struct Example {
    let kind: SceneClass
    let picture, sound: Tensor
  }

  private static let neighbours = 5
  private let examples: [Example]
  private let mel: MelSpectrogram

  init(renderer: SceneRenderer, mel: MelSpectrogram, perClass count: Int, seed: UInt64) {
    self.mel = mel
    examples = SceneClass.allCases.flatMap { kind in
      (0..<count).map { index in
        let clip = renderer.render(
          seed: SceneRenderer.clipSeed(datasetSeed: seed, index: index), sceneClass: kind)
        return withoutGradient {
          Example(
            kind: kind, picture: Self.features(clip.video),
            sound: Self.features(mel(clip.audio.peakNormalized().tensor.unsqueezed(0)).selected(0, 0)))
        }
      }
    }
  }

  func picture(of frames: VideoFrames) -> SceneClass { nearest(Self.features(frames), \.picture) }

  /// - Parameter mel: log-mel `[frames, bins]`.
  func sound(of mel: Tensor) -> SceneClass { nearest(Self.features(mel), \.sound) }

  private func nearest(_ features: Tensor, _ part: KeyPath<Example, Tensor>) -> SceneClass {
    let distances = examples.map { ($0.kind, ($0[keyPath: part] - features).squared.sum([0]).item) }
    let closest = distances.sorted { $0.1 < $1.1 }.prefix(Self.neighbours)
    let votes = Dictionary(grouping: closest, by: \.0).mapValues(\.count)
    let most = votes.values.max() ?? 0
    // Of kinds with equally many votes, that of the nearest.
    return closest.first { votes[$0.0] == most }!.0
  }

  private static func features(_ frames: VideoFrames) -> Tensor {
    let gray = frames.tensor.selected(0, 0).mean([0])  // [F, H, W]
    let (count, height, width) = (gray.size(0), gray.size(1), gray.size(2))
    let small = gray.reshaped(count, 16, height / 16, 16, width / 16).mean([2, 4])  // [F, 16, 16]
    func change(_ axis: Int) -> Tensor {
      let length = small.size(axis) - 1
      let steps =
        small.narrowed(axis, start: 1, length: length) - small.narrowed(axis, start: 0, length: length)
      return unit(steps.abs.mean([0]).reshaped([-1]))
    }
    return .concatenate([change(1), change(2), change(0)], axis: 0)
  }

  private static func features(_ mel: Tensor) -> Tensor {
    let heard = mel.clamp(min: -7.5, max: 10)
    return .concatenate([unit(heard.mean([0]) + 7.5), unit(heard.standardDeviation([0]))], axis: 0)
  }

  private static func unit(_ x: Tensor) -> Tensor { x * (x.squared.sum([0]) + 1e-6).rsqrt }
}
