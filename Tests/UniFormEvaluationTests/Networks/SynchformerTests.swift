import Testing
import Torch

@testable import UniFormEvaluation

@Suite struct SynchformerTests {
  @Test func `both halves and the comparison meet the golden numbers`() throws {
    let left = [
      "vfeat_extractor.patch_embed.proj.weight": [768, 3, 16, 16],
      "vfeat_extractor.patch_embed.proj.bias": [768],
    ]
    let weights = try FormulaWeights.weights(unused: left) { try Synchformer($0) }
    #expect(weights.items.count == 513)
    #expect(weights.items.values.reduce(0) { $0 + $1.shape.reduce(1, *) } == 237_460_245)
    let network = try Synchformer(weights)

    let segments = FormulaNumbers.sound.unfolded(0, size: 10_240, step: 5_120)
    let mel = network.sound.logMel(segments)
    #expect(mel.shape == [5, 65, 128])
    expectGolden(mel.selected(0, 0).selected(0, 0), first: [3.40255, 3.48573, 3.58886], tolerance: 1e-4)
    expectGolden(mel.selected(0, 0).selected(0, 30), first: [-3.37422, -2.76444, -2.45846], tolerance: 1e-4)
    expectGolden(
      network.sound.normalized(mel).selected(0, 0), first: [0.839384, 0.279451, 0.0696269, 0.184601],
      sum: 3619.77, norm: 46.4184, tolerance: 1e-4)
    let sounds = try network.features(sound: FormulaNumbers.sound)
    #expect(sounds.shape == [5, 6, 768])
    expectGolden(
      sounds.selected(0, 0).selected(0, 0), first: [2.63164, -1.72615, 4.40317, -2.413], sum: -39.0863,
      norm: 65.7641)

    let pictures = try network.features(frames: FormulaNumbers.frames)
    #expect(pictures.shape == [1, 8, 768])
    expectGolden(
      pictures.selected(0, 0).selected(0, 0), first: [3.74899, 2.37852, 5.10855], sum: -67.7572, norm: 63.6767
    )
    expectGolden(
      pictures.selected(0, 0).selected(0, 7), first: [3.52244, 2.24533, 3.95129], sum: -53.055, norm: 64.0234)

    let logits = withoutGradient {
      network.logits(
        pictures: FormulaNumbers.signed(300, [1, 14, 8, 768]).to(.float32),
        sounds: FormulaNumbers.signed(301, [1, 14, 6, 768]).to(.float32))
    }
    expectGolden(
      logits, first: [1.02727, 0.0520721, 2.30918, -1.67779, 0.733524, 0.68841, 2.7274], sum: 11.1214,
      norm: 5.71881)
    #expect(Int(logits.argmax(-1).item) == 6 && abs(Synchformer.offset(ofClass: 6) + 0.8) < 1e-12)

    // One segment serves as fourteen, or as none.
    let score = try network.desynchronization(
      frames: FormulaNumbers.frames, sound: FormulaNumbers.sound, shortClips: .repeated)
    #expect((0...2).contains(score))
    #expect(throws: NetworkInputError.tooFewFrames(network: "DeSync", found: 16, needed: 120)) {
      try network.desynchronization(
        frames: FormulaNumbers.frames, sound: FormulaNumbers.sound, shortClips: .refused)
    }
  }
}
