import Testing
import Torch

/// The kernels of this package against the same maths in float32, on machines that can run them.
@Suite(.enabled(if: FusedKernels.areAvailable, "this processor has no bfloat16 products"))
struct FusedKernelTests {
  private let generator = Generator(seed: 5)

  private func random(_ shape: Int..., scale: Double = 1) -> Tensor {
    (Tensor.randn(shape, generator: generator) * scale).to(.bfloat16)
  }

  /// Rounding to 8 bits, of queries, keys, weights and the result.
  private func expectClose(_ result: Tensor, _ expected: Tensor, tolerance: Double = 0.03) {
    #expect(result.shape == expected.shape)
    let difference = (result.to(.float32) - expected).abs.maximum.item
    #expect(difference < tolerance * max(1, expected.abs.maximum.item), "\(difference)")
  }

  /// `[outer, inner, L, h, d]` in float32, step by step.
  private func reference(
    _ q: Tensor, _ k: Tensor, _ v: Tensor, gain: Tensor? = nil, rotary: (Tensor, Tensor)? = nil,
    mask: Tensor? = nil
  ) -> Tensor {
    func prepared(_ rows: Tensor) -> Tensor {
      var x = rows.to(.float32)
      if let gain { x = x * (x.squared.mean([-1], keepingAxes: true) + 1e-6).rsqrt * gain }
      guard let rotary else { return x }
      let (length, width) = (x.size(2), x.size(4))
      let swapped = x.reshaped(x.shape.dropLast() + [width / 2, 2]).flipped(-1).reshaped(x.shape)
      let place = [1, 1, length, 1, width]
      return x * rotary.0.reshaped(place) + swapped * rotary.1.reshaped(place)
    }
    let scale = 1 / Double(q.size(-1)).squareRoot()
    var scores = (prepared(q).transposed(2, 3) * scale).matmul(
      prepared(k).transposed(2, 3).transposed(-2, -1))
    if let mask { scores = scores + mask.reshaped(mask.size(0), 1, 1, 1, mask.size(1)) }
    return scores.softmax(-1).matmul(v.to(.float32).transposed(2, 3)).transposed(2, 3)
  }

  /// Widths and lengths beside the round ones, too.
  @Test(arguments: [72, 64, 18, 2, 256], [1, 7, 20, 33, 304])
  func attentionReadsRowsWhereTheProjectionLeftThem(width: Int, length: Int) {
    let parts = random(2, 3, length, 3, 2, width)
    let (q, k, v) = (parts.selected(3, 0), parts.selected(3, 1), parts.selected(3, 2))
    let gain = Tensor.randn([width], generator: generator)
    let y = Tensor.empty([2, 3, length, 2, width], dtype: .bfloat16)
    y.writeAttention(query: q, key: k, value: v, gains: (gain, gain))
    expectClose(y, reference(q, k, v, gain: gain))

    // The same memory along the other axis, with positions.
    func lined(_ x: Tensor) -> Tensor { x.transposed(1, 2) }
    let rotary = (
      Tensor.randn([3, width], generator: generator), Tensor.randn([3, width], generator: generator)
    )
    lined(y).writeAttention(
      query: lined(q), key: lined(k), value: lined(v), gains: (gain, gain), rotary: rotary)
    expectClose(lined(y), reference(lined(q), lined(k), lined(v), gain: gain, rotary: rotary))
  }

  @Test func attentionLeavesOutWhatTheMaskLeavesOut() {
    let q = random(2, 1, 700, 3, 32)
    let (k, v) = (random(2, 1, 13, 3, 32), random(2, 1, 13, 3, 32))
    let mask = Tensor.zeros([2, 13])
    _ = mask.narrowed(1, start: 9, length: 4).fill_(-.infinity)
    let y = Tensor.empty(q.shape, dtype: .bfloat16)
    y.writeAttention(query: q, key: k, value: v, mask: mask)
    expectClose(y, reference(q, k, v, mask: mask))
    let shorter = Tensor.empty(q.shape, dtype: .bfloat16)
    shorter.writeAttention(
      query: q, key: k.narrowed(2, start: 0, length: 9), value: v.narrowed(2, start: 0, length: 9))
    expectClose(y, shorter.to(.float32), tolerance: 1e-6)
  }

  @Test func serveOnlyWhereNothingIsRecorded() {
    let x = random(1, 1, 2, 16)
    #expect(withoutGradient { FusedKernels.serve(x) })
    #expect(!FusedKernels.serve(x))
    #expect(!withoutGradient { FusedKernels.serve(x.to(.float32)) })
  }

  @Test func attentionRefusesShapesThatDoNotFit() {
    let (q, k) = (random(1, 1, 4, 2, 8), random(1, 1, 4, 3, 8))
    let y = Tensor.empty(q.shape, dtype: .bfloat16)
    #expect(throws: TorchError.self) {
      try catchingTorchErrors { y.writeAttention(query: q, key: k, value: k) }
    }
    #expect(throws: TorchError.self) {
      try catchingTorchErrors { y.writeAttention(query: q.to(.float32), key: q, value: q) }
    }
  }

  @Test(arguments: [1152, 256, 37])
  func modulatedNormIsNormThenScaleThenShift(width: Int) {
    let x = random(3, 5, 7, width)
    let (shift, scale) = (random(3, 1, 7, width), random(3, 1, 1, width))
    let expected =
      x.to(.float32).layerNorm([width], epsilon: 1e-6) * (scale.to(.float32) + 1) + shift.to(.float32)
    expectClose(x.fusedModulatedNorm(shift: shift, scale: scale, epsilon: 1e-6), expected, tolerance: 0.006)
  }

  @Test func geluKeepsItsLimits() {
    let x = random(1000, 37, scale: 4)
    let expected = x.to(.float32).geluTanh
    expectClose(x.fusedGeluTanh_(), expected, tolerance: 0.006)
    let ends = Tensor([-300, -1e30, 0, 300, 1e30] as [Float]).to(.bfloat16)
    let values = ends.fusedGeluTanh_().values(as: Float.self)
    #expect(values[..<3].allSatisfy { $0.magnitude < 1e-6 })
    #expect(values[3] == 300 && values[4].isFinite && values[4] > 9e29)
  }

  /// Channels beside multiples of 16, rows beside those of a block, a mean far from zero.
  @Test(
    arguments: [DType.float32, .bfloat16],
    [[2, 64, 9, 16], [1, 24, 3, 5], [3, 40, 2, 7, 33], [1, 8, 70, 65]])
  func groupNormIsNormThenSiLU(dtype: DType, shape: [Int]) {
    let x = (Tensor.randn(shape, generator: generator) * 2 + 5).to(dtype).channelsLast
    let (weight, bias) = (random(shape[1]).to(dtype), random(shape[1]).to(dtype))
    let expected = x.to(.float32).contiguous.groupNorm(
      groups: 8, weight: weight.to(.float32), bias: bias.to(.float32), epsilon: 1e-6)
    let tolerance = dtype == .float32 ? 2e-5 : 0.006
    let norm = x.fusedGroupNorm(groups: 8, weight: weight, bias: bias, epsilon: 1e-6)
    #expect(norm.isChannelsLast && norm.dtype == dtype)
    expectClose(norm, expected, tolerance: tolerance)
    expectClose(
      x.fusedGroupNorm(groups: 8, weight: weight, bias: bias, epsilon: 1e-6, silu: true), expected.silu,
      tolerance: tolerance)
  }

  @Test func groupNormRefusesWhatItCannotRead() {
    let (x, one) = (random(1, 16, 4, 4), random(16))
    for (input, groups) in [(x, 4), (x.channelsLast, 5), (x.channelsLast.to(.float64), 4)] {
      #expect(throws: TorchError.self) {
        try catchingTorchErrors {
          _ = input.fusedGroupNorm(groups: groups, weight: one, bias: one, epsilon: 1e-6)
        }
      }
    }
  }

  @Test(arguments: [DType.float32, .bfloat16], [1024, 16, 37])
  func rmsNormDividesByTheRootMeanSquare(dtype: DType, width: Int) {
    let (x, weight) = (random(3, 70, width).to(dtype), random(width).to(dtype))
    let wide = x.to(.float32)
    let expected =
      wide * (wide.squared.mean([-1], keepingAxes: true) + 1e-6).rsqrt * weight.to(.float32)
    expectClose(
      x.fusedRMSNorm(weight: weight, epsilon: 1e-6), expected, tolerance: dtype == .float32 ? 1e-5 : 0.006)
  }
}
