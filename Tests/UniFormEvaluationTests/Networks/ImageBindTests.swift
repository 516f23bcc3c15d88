import Testing
import Torch

@testable import UniFormEvaluation

/// The reference is Meta's code with small trunks; `Scripts/network-goldens imagebind` printed the numbers.
@Suite struct ImageBindTests {
  static let small = {
    var result = ImageBind.Configuration()
    result.video = .init(width: 64, layers: 2, heads: 4)
    result.audio = .init(width: 48, layers: 2, heads: 4)
    result.text = .init(width: 32, layers: 2, heads: 4)
    result.width = 40
    return result
  }()

  static func network() throws -> ImageBind {
    var weights = try FormulaWeights.weights { try ImageBind($0, small) }
    // What a published file holds besides is left aside.
    let scalar = Weights.Item(shape: []) { () throws(WeightError) in .zeros([]) }
    for name in [
      "modality_postprocessors.text.1.log_logit_scale", "modality_preprocessors.text.mask",
      "modality_trunks.thermal.blocks.0.norm_1.weight", "modality_preprocessors.imu.pos_embed",
    ] { weights.items[name] = scalar }
    return try ImageBind(weights, small)
  }

  @Test func `the filter bank meets the golden numbers`() {
    let bank = ImageBind.filterBank(FormulaNumbers.sound)
    #expect(bank.shape == [128, 204])
    expectGolden(
      bank, first: [-0.570718, -0.573251, -0.478628, -0.45375, -0.490026, -0.758053], sum: 5391.32,
      norm: 71.8385, tolerance: 1e-4)
  }

  @Test func `all three trunks meet the golden numbers`() throws {
    let network = try Self.network()
    let frames = FormulaNumbers.frames
    let pair = frames.narrowed(0, start: 0, length: 2)
    // Square pictures of the right size: all 15 pairs are the same two.
    let video = try network.embedding(frames: pair, frameRate: 2)
    expectGolden(
      video, first: [-0.117533, 0.00303773, -0.0960588, 0.010156, -0.301448, 0.116778], sum: -0.298374,
      norm: 1,
      tolerance: 1e-4)
    let audio = try network.embedding(sound: FormulaNumbers.sound)
    expectGolden(
      audio, first: [0.0136201, 0.170546, 0.248952, -0.153655, 0.327721, -0.0841035], sum: 0.520895, norm: 1,
      tolerance: 1e-4)
    let ids = [49_406, 320, 1125, 49_407] + Array(repeating: 0, count: 73)
    expectGolden(
      network.embedding(tokens: Tensor(ids, shape: [1, 77])),
      first: [0.266937, 0.116899, 0.0630683, -0.224072, 0.0766594, 0.0184904], sum: 0.808615, norm: 1,
      tolerance: 1e-4)
  }

  @Test func `the published network has its size`() throws {
    let outline = ParameterStore.outline()
    _ = try ImageBind(outline.root)
    let vision = outline.entries.filter { $0.name.contains("vision") }.reduce(0) { $0 + $1.tensor.count }
    #expect(vision / 1_000_000 == 632)  // ViT-H
    #expect(outline.entries.contains { $0.name == "modality_trunks.audio.blocks.11.attn.bias_k" })
  }

  @Test func `stretches of two seconds spread over a clip`() {
    #expect(ImageBind.clipStarts(seconds: 10, count: 5) == [0, 2, 4, 6, 8])
    #expect(ImageBind.clipStarts(seconds: 4, count: 3) == [0, 1, 2])
    #expect(ImageBind.clipStarts(seconds: 1, count: 3) == [0, 0, 0])
  }

  @Test func `wide and high clips are seen in three squares`() throws {
    let network = try Self.network()
    let frames = FormulaNumbers.frames.narrowed(0, start: 0, length: 4)
    let wide = try network.embedding(frames: frames.narrowed(1, start: 0, length: 150), frameRate: 8)
    let high = try network.embedding(frames: frames.narrowed(2, start: 0, length: 150), frameRate: 8)
    #expect(wide.shape == [40] && high.shape == [40])
    #expect(
      wide.squared.sum.item < 1 + 1e-5 && wide.isFinite.allTrue && (wide - high).abs.maximum.item > 1e-3)
  }

  @Test func `the JavisScore looks at the worst pictures of every window`() throws {
    #expect(JavisScore.windows(count: 68, rate: 17) == [0..<34, 8..<42, 16..<50, 24..<58, 32..<66, 34..<68])
    #expect(
      JavisScore.windows(count: 64_000, rate: 16_000).map(\.lowerBound) == [0, 8000, 16_000, 24_000, 32_000])
    #expect(JavisScore.windows(count: 20, rate: 17) == [0..<20])
    #expect(JavisScore.windows(count: 2, rate: 0.25) == [0..<1, 1..<2])
    #expect(abs(JavisScore.score([0.5, 0.1, 0.9, 0.3, 0.7]) - 0.2) < 1e-12)
    #expect(JavisScore.score([0.25, 0.5]) == 0.25)
    let score = JavisScore(try Self.network())
    let frames = FormulaNumbers.frames.narrowed(0, start: 0, length: 5)
    let worst = try score(frames: frames, frameRate: 2, sound: FormulaNumbers.sound)
    let all = try score.overall(frames: frames, sound: FormulaNumbers.sound)
    #expect((-1...1).contains(worst) && worst <= all + 1e-9)
  }
}
