import Foundation
import Testing
import Torch

@testable import UniFormEvaluation

@Suite struct C3DTests {
  @Test func `logits meet the golden numbers, and a clip is prepared as TGAN2 does`() throws {
    let outline = ParameterStore.outline()
    _ = try C3D(outline.root)
    let shapes = Dictionary(uniqueKeysWithValues: outline.entries.map { ($0.name, $0.tensor.shape) })
      .filter { $0.key != "mean" }
    let counts = shapes.values.map { $0.reduce(1, *) }
    #expect(counts.reduce(0, +) / 100_000 == 784)
    var weights = Weights(items: FormulaWeights.items(shapes), source: "formula")
      .renamed { name in  // as the archive has it
        name.replacingOccurrences(of: ".weight", with: "/W").replacingOccurrences(of: ".bias", with: "/b")
      }
    // A mean clip of 128 everywhere but in its margin, which is cut off.
    let mean = Tensor.full([3, 16, 112, 112], 128).padded([29, 30, 8, 8])
    weights.items["mean"] = .init(shape: mean.shape) { () throws(WeightError) in mean }
    let network = try C3D(weights)
    let square = FormulaNumbers.frames.narrowed(1, start: 0, length: 112).narrowed(2, start: 0, length: 112)
    let clip = (square.permuted(3, 0, 1, 2).flipped(0).to(.float32) - 128) / 128
    let logits = withoutGradient { network.logits(clip.unsqueezed(0)) }
    #expect(logits.shape == [1, 101])
    expectGolden(
      logits, first: [1.322, 1.04673, -0.670741, 1.25644, -0.550701, 2.18827], sum: 16.7588, norm: 18.04,
      tolerance: 1e-4)
    // Pictures of the right size are only scaled.
    let expected = withoutGradient {
      network.logits(((square.permuted(3, 0, 1, 2).flipped(0).to(.float32) / 127.5 - 1) * 128).unsqueezed(0))
    }
    #expect((try network.logits(frames: square) - expected.squeezed(0)).abs.maximum.item < 1e-3)
    #expect(throws: NetworkInputError.tooFewFrames(network: "C3D", found: 15, needed: 16)) {
      try network.logits(frames: square.narrowed(0, start: 0, length: 15))
    }
  }
}
