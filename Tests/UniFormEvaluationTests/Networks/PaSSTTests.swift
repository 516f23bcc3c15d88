import Testing
import Torch

@testable import UniFormEvaluation

/// The reference is hear21passt with two of twelve layers; `Scripts/network-goldens passt` printed the numbers.
@Suite struct PaSSTTests {
  /// The waves, as if they were sampled at 32 kHz.
  static var clip: Tensor { FormulaNumbers.sound.padded([0, PaSST.sampleCount - 32_000]).unsqueezed(0) }

  @Test func `the front end meets the golden numbers`() {
    let mel = PaSSTMel()(Self.clip)
    #expect(mel.shape == [1, 128, 1000])
    expectGolden(
      mel, first: [-0.579127, -1.28351, -1.20681, -1.08411, -1.07587, -0.908087], sum: -154570, norm: 486.978,
      tolerance: 2e-4)
  }

  @Test func `two layers meet the golden numbers`() throws {
    let weights = try FormulaWeights.weights { try PaSST($0, layers: 2) }
    let network = try weights.network { try PaSST($0, layers: 2) }
    let (features, logits) = try network(FormulaNumbers.sound)
    expectGolden(
      features, first: [-0.0667794, -0.0578475, 0.889556, 0.343052, -0.812774, -0.402443], sum: 1.60075,
      norm: 24.8576)
    expectGolden(
      logits, first: [1.64408, 2.05242, -0.19879, 0.289564, -1.24028, -0.512112], sum: 17.8851, norm: 30.8613)
  }

  @Test func `twelve layers have the published size`() throws {
    let outline = ParameterStore.outline()
    _ = try PaSST(outline.root, layers: 12)
    // The head of the distillation token is left out: 159 tensors and 86.15 million numbers with it.
    #expect(outline.entries.count == 157)
    #expect((outline.parameterCount + 527 * 768 + 527) / 10_000 == 8615)
  }
}
