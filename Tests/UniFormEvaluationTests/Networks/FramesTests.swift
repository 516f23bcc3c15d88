import Testing
import Torch
import UniForm

@testable import UniFormEvaluation

@Suite struct FramesTests {
  @Test func `an odd margin is cut as each reference cuts it`() {
    let row = Tensor.arange(0, 10).reshaped(1, 10).expanded(3, 10)
    func first(_ width: Int, _ rounding: FloatingPointRoundingRule) -> Double {
      row.centerCropped(height: 3, width: width, rounding: rounding).minimum.item
    }
    #expect([9, 7, 5].map { first($0, .down) } == [0, 1, 2])
    #expect([9, 7, 5].map { first($0, .toNearestOrEven) } == [0, 2, 2])
  }

  @Test func `same padding makes as many windows as TensorFlow does`() {
    #expect(SamePadding.widths(16, kernel: 7, stride: 2) == (2, 3))
    #expect(SamePadding.widths(17, kernel: 7, stride: 2) == (3, 3))
    #expect(SamePadding.widths(9, kernel: 3, stride: 1) == (1, 1))
    #expect(SamePadding.widths(8, kernel: 1, stride: 2) == (0, 0))
  }
}
