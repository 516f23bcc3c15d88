internal import Media
internal import Scenes
internal import Torch
internal import UniForm
internal import UniFormEvaluation

/// Clips as a judge takes them, with what it is to say: `[N, …]`, classes `[N]`, curves of events `[N, F or T]`.
struct JudgeBatch {
  let clips: Tensor
  let classes: Tensor
  let events: Tensor
}

/// Rendered scenes with what is to be said about them, in memory, and spoilt a little each time they are shown, as
/// generated clips are.
public struct JudgeLessons {
  let sense: JudgeTrainer.Sense
  /// Thumbnails in bytes `[N, F, 3, 32, 32]`, or log-mels `[N, T, 64]`.
  private let clips: Tensor
  private let classes: Tensor  // [N]
  private let events: Tensor  // [N, F or T]

  /// The clips that judges learn from.
  static let geometry = SceneGeometry(
    width: PictureJudge.decodedSize, height: PictureJudge.decodedSize, frameRate: PictureJudge.frameRate,
    sampleRate: SoundJudge.sampleRate)

  /// None, for a plan.
  init(_ sense: JudgeTrainer.Sense) {
    self.sense = sense
    (clips, classes, events) = (.zeros([0]), .zeros([0]), .zeros([0]))
  }

  /// Renders `count` clips of a dataset seed, in parallel.
  public init(_ sense: JudgeTrainer.Sense, count: Int, seed: UInt64) {
    self.sense = sense
    let renderer = SceneRenderer(geometry: Self.geometry)
    let mel = SoundJudge.makeMel()
    let shape = Self.shape(sense).clip
    let clips = Tensor.empty([count] + shape, dtype: sense == .picture ? .uint8 : .float32)
    var classes: [Int] = []
    var curves: [Float] = []
    // In blocks, so that no more than a few clips exist twice.
    let block = 16
    for start in stride(from: 0, to: count, by: block) {
      let scenes = concurrentMap(count: min(block, count - start)) {
        renderer.render(seed: SceneRenderer.clipSeed(datasetSeed: seed, index: start + $0))
      }
      for (index, scene) in scenes.enumerated() {
        classes.append(JudgeTargets.classIndex(scene.sceneClass))
        let clip = clips.selected(0, start + index)
        switch sense {
        case .picture:
          curves += JudgeTargets.picture(scene.description, frames: shape[0])
          let thumbnails = PictureJudge.thumbnails(scene.video.tensor).squeezed(0)  // [F, 3, 32, 32]
          clip.copy_(((thumbnails + 1) * 127.5).rounded.to(.uint8))
        case .sound:
          curves += JudgeTargets.sound(scene.description, frames: shape[0])
          clip.copy_(mel(scene.audio.peakNormalized().tensor.unsqueezed(0)).squeezed(0))  // [T, 64]
        }
      }
    }
    self.clips = clips
    self.classes = Tensor(classes)
    events = Tensor(curves, shape: [count, shape[0]])
  }

  /// What a lesson consists of, and the bytes of one number of it.
  static func shape(_ sense: JudgeTrainer.Sense) -> (clip: [Int], numberSize: Int) {
    switch sense {
    case .picture: ([geometry.frameCount, 3, PictureJudge.size, PictureJudge.size], 1)
    case .sound: ([geometry.sampleCount / SoundJudge.hopLength, SoundJudge.bands], 4)
    }
  }

  /// A random clip for each generator.
  func batch(_ generators: [Generator]) -> JudgeBatch {
    withoutGradient {
      let rows = Tensor(generators.map { $0.draw(clips.size(0)) })
      let drawn = clips.indexed(0, by: rows)
      let x = sense == .picture ? spoiltPictures(drawn, generators) : spoiltSound(drawn, generators)
      return JudgeBatch(clips: x, classes: classes.indexed(0, by: rows), events: events.indexed(0, by: rows))
    }
  }

  /// Mirrored, softer in space or time, brighter or darker, noisy.
  private func spoiltPictures(_ bytes: Tensor, _ generators: [Generator]) -> Tensor {
    var x = bytes.to(.float32) / 127.5 - 1  // [B, F, 3, H, W]
    let batch = x.size(0)
    func chosen(_ share: Double) -> Tensor {
      (generators.rand([1, 1, 1, 1]) .< share).to(.float32)
    }
    func mix(_ other: Tensor, _ share: Double) {
      let mask = chosen(share)
      x = x + (other - x) * mask
    }
    mix(x.flipped(4), 0.5)
    let small = x.reshaped(batch, x.size(1), 3, 16, 2, 16, 2).mean([4, 6], keepingAxes: true)
    mix(small.expanded(batch, x.size(1), 3, 16, 2, 16, 2).reshaped(x.shape), 0.3)
    let last = x.size(1) - 1
    let before = Tensor.concatenate(
      [x.narrowed(1, start: 0, length: 1), x.narrowed(1, start: 0, length: last)], axis: 1)
    let after = Tensor.concatenate(
      [x.narrowed(1, start: 1, length: last), x.narrowed(1, start: last, length: 1)], axis: 1)
    mix((before + x * 2 + after) / 4, 0.3)
    let gain = generators.rand([1, 1, 1, 1]) * 0.4 + 0.8
    let shift = generators.rand([1, 1, 1, 1]) * 0.3 - 0.15
    let noise = generators.noise(like: x) * 0.03
    return (x * gain + shift + noise).clamp(min: -1, max: 1)
  }

  /// Bands louder and softer, and noise in each value.
  private func spoiltSound(_ mel: Tensor, _ generators: [Generator]) -> Tensor {
    let bands = generators.randn([1, mel.size(2)]) * 0.25
    let level = generators.randn([1, 1]) * 0.4
    return mel + bands + level + generators.noise(like: mel) * 0.2
  }
}
