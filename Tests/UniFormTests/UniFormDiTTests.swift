import Testing
import Torch

@testable import UniForm

@Suite struct JointSequenceTests {
  @Test func packingKeepsTimeAlignedAndIsReversible() {
    let joint = JointSequence(videoChannels: 4, stepsPerFrame: 5)
    let audio = Tensor.arange(0, 12_800).reshaped(1, 8, 100, 16)
    let columns = joint.packed(audio)
    #expect(columns.shape == [1, 4, 20, 32, 5])
    #expect(columns.selected(0, 0).selected(0, 1).selected(0, 3).selected(0, 7).selected(0, 2).item == 8275)
    #expect(joint.unpacked(columns, groups: 2).floats == audio.floats)
  }

  @Test(arguments: [(2, 2), (4, 4), (4, 6), (3, 5)])
  func patchesComeBackExactly(height: Int, width: Int) {
    let patches = Patches(height: height, width: width)
    let x = Tensor.randn([2, 3, 4, 7, 9], generator: Generator(seed: 1))
    let cut = patches.cut(x)  // (channel, row, column)
    let reordered = cut.reshaped(2, 4, -1, 3, height * width).transposed(3, 4)
      .reshaped(2, 4, cut.size(2), 3 * height * width)
    #expect(patches.joined(reordered, rows: 7, columns: 9).floats == x.floats)
  }
}

@Suite struct UniFormDiTTests {
  static func tiny(_ change: (inout UniFormDiT.Configuration) -> Void = { _ in }) throws -> (
    UniFormDiT, ParameterStore
  ) {
    var c = UniFormDiT.Configuration()
    c.depth = 2
    c.hiddenSize = 48
    c.heads = 2
    c.captionChannels = 16
    c.maximumTextLength = 8
    c.audioFrequencies = 4
    change(&c)
    try c.validate()
    let store = ParameterStore(seed: 1)
    let model = try UniFormDiT(store.root, c)
    // The network starts with a zero output; filled, every path counts.
    GoldenFill.fill(store)
    return (model, store)
  }

  static func run(
    _ model: UniFormDiT, _ latents: AVLatents, video: Float = 500, audio: Float = 500, task: Int = 0,
    states: Tensor = GoldenFill.input("text", [2, 6, 16])
  ) -> ModelOutput {
    let rate = Tensor([17, 17] as [Float])
    return model(
      latents, videoTime: model.timeEmbedding(Tensor([video, video]), frameRate: rate),
      audioTime: model.timeEmbedding(Tensor([audio, audio]), frameRate: rate), task: Tensor([task, task]),
      conditioning: model.conditioning(
        states: states, mask: Tensor([1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0], shape: [2, 6])),
      placement: placement(model, latents))
  }

  static func placement(
    _ model: UniFormDiT, _ latents: AVLatents, dtype: DType = .float32
  ) -> UniFormDiT.Placement {
    model.placement(
      frames: latents.video.size(2), rows: latents.video.size(3), columns: latents.video.size(4),
      pixels: (64, 64), device: .cpu, dtype: dtype)
  }

  let latents = AVLatents(
    video: GoldenFill.input("v", [2, 4, 5, 8, 8]), audio: GoldenFill.input("a", [2, 8, 25, 4]))

  @Test(arguments: [false, true], [[2, 2], [4, 4]])
  func predictsBothModalitiesInTheirOwnShapes(shared: Bool, patch: [Int]) throws {
    let (model, _) = try Self.tiny {
      $0.sharedStem = shared
      $0.patchSize = [1] + patch
      $0.audioPatchSize = patch
    }
    let output = Self.run(model, latents)
    #expect(output.prediction.video.shape == latents.video.shape)
    #expect(output.prediction.audio.shape == latents.audio.shape)
    #expect(output.varianceLogits?.audio.shape == latents.audio.shape)
  }

  @Test func eachModalitySeesTheOtherTheTextTheTaskAndTheTimes() throws {
    let (model, _) = try Self.tiny { $0.chunkPositions = 5 }
    let base = Self.run(model, latents).prediction
    var otherAudio = latents
    otherAudio.audio = latents.audio * -1
    let changes: [(String, AVLatents)] = [
      ("audio", Self.run(model, otherAudio).prediction),
      ("task", Self.run(model, latents, task: 2).prediction),
      ("time", Self.run(model, latents, video: 400).prediction),
      ("text", Self.run(model, latents, states: GoldenFill.input("other", [2, 6, 16])).prediction),
    ]
    for (name, changed) in changes {
      #expect((changed.video - base.video).abs.maximum.item > 1e-4, "\(name) does not reach the video")
      #expect((changed.audio - base.audio).abs.maximum.item > 1e-4, "\(name) does not reach the audio")
    }
  }

  @Test func paddedTextTokensCountForNothing() throws {
    let (model, _) = try Self.tiny()
    let states = GoldenFill.input("text", [2, 6, 16])
    let junk = states.cloned
    _ = junk.selected(0, 1).narrowed(0, start: 3, length: 3).fill_(100)
    let a = Self.run(model, latents, states: states).prediction.video
    let b = Self.run(model, latents, states: junk).prediction.video
    #expect((a - b).abs.maximum.item < 1e-6)
  }

  @Test func everyParameterLearns() throws {
    let (model, store) = try Self.tiny { $0.chunkPositions = 5 }
    store.enableTraining()
    let output = Self.run(model, latents, audio: 0)
    (output.prediction.video.squared.sum + output.prediction.audio.squared.sum
      + output.varianceLogits!.video.squared.sum).backward()
    let silent = store.trainable.filter { ($0.tensor.gradient?.abs.sum.item ?? 0) == 0 }.map(\.name)
    #expect(silent.isEmpty, "\(silent)")
  }

  /// Step by step, as in training, and through the fused kernels, where the machine has them; with one time for all
  /// tokens, and with a clean condition.
  @Test(arguments: [true, false], [500, 0])
  func bfloat16FollowsFloat32(isRecorded: Bool, audioTime: Float) throws {
    let (model, _) = try Self.tiny()
    let rate = Tensor([17, 17] as [Float])
    let exact = Self.run(model, latents, audio: audioTime).prediction
    func narrow() -> AVLatents {
      func time(_ value: Float) -> UniFormDiT.TimeEmbedding {
        model.timeEmbedding(Tensor([value, value]), frameRate: rate, dtype: .bfloat16)
      }
      let conditioning = model.conditioning(
        states: GoldenFill.input("text", [2, 6, 16]),
        mask: Tensor([1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0, 0], shape: [2, 6]), dtype: .bfloat16)
      return model(
        latents, videoTime: time(500), audioTime: time(audioTime), task: Tensor([0, 0]),
        conditioning: conditioning, placement: Self.placement(model, latents, dtype: .bfloat16)
      ).prediction
    }
    let half = isRecorded ? narrow() : withoutGradient(narrow)
    #expect(half.video.dtype == .float32)
    #expect((half.video - exact.video).abs.mean.item < 0.03 * exact.video.abs.mean.item)
    #expect((half.audio - exact.audio).abs.mean.item < 0.03 * exact.audio.abs.mean.item)
  }
}
