import Testing
import Torch

/// Layers loaded for inference against the same layers with plain weights, on machines where that makes a difference.
@Suite(.enabled(if: FusedKernels.areAvailable, "this processor has no bfloat16 products"))
struct InferenceLayerTests {
  /// The layer with plain and with packed weights, drawn alike.
  private func both<Layer>(
    _ dtype: DType, _ make: (Parameters) throws -> Layer
  ) rethrows -> (plain: Layer, packed: Layer) {
    let (plain, packed) = (
      ParameterStore(seed: 3, dtype: dtype), ParameterStore(seed: 3, dtype: dtype, forInference: true)
    )
    let layers = (try make(plain.root), try make(packed.root))
    #expect(!plain.entries.isEmpty && packed.entries.isEmpty && packed.packs)
    return layers
  }

  private func random(_ shape: [Int], _ dtype: DType) -> Tensor {
    Tensor.randn(shape, generator: Generator(seed: 4)).to(dtype)
  }

  private func expectEqual(_ result: Tensor, _ expected: Tensor, _ dtype: DType) {
    #expect(result.shape == expected.shape && result.dtype == expected.dtype)
    let difference = (result.to(.float32) - expected.to(.float32)).abs.maximum.item
    let largest = max(1, expected.to(.float32).abs.maximum.item)
    #expect(difference <= (dtype == .float32 ? 1e-5 : 0.02) * largest, "\(difference)")
  }

  @Test(arguments: [DType.float32, .bfloat16], [true, false])
  func linearWithWhatFollowsIt(dtype: DType, bias: Bool) throws {
    let (plain, packed) = try both(dtype) { try Linear($0, 72, 40, bias: bias) }
    let (x, other) = (random([2, 3, 5, 72], dtype), random([2, 3, 5, 40], dtype))
    withoutGradient {
      expectEqual(packed(x), plain(x), dtype)
      expectEqual(packed.geluTanh(x), plain(x).geluTanh, dtype)
      expectEqual(packed(x, adding: other), plain(x) + other, dtype)
      expectEqual(packed(x, times: other), plain(x) * other, dtype)
      // Rows that are not contiguous, a single one, none.
      expectEqual(packed(x.transposed(0, 2)), plain(x.transposed(0, 2)), dtype)
      expectEqual(packed(x.selected(0, 0).selected(0, 0)), plain(x.selected(0, 0).selected(0, 0)), dtype)
      #expect(packed(Tensor.empty([0, 72], dtype: dtype)).shape == [0, 40])
      #expect(packed.weight.values(as: Float.self) == plain.weight.values(as: Float.self))
    }
  }

  @Test func anotherTypeAndGradientsGoThroughPlainWeights() throws {
    let (plain, packed) = try both(.float32) { try Linear($0, 16, 8) }
    let x = random([4, 16], .float32)
    withoutGradient { expectEqual(packed(x.to(.bfloat16)), plain(x.to(.bfloat16)), .bfloat16) }
    func slope(_ layer: Linear) -> [Float] {
      let input = random([4, 16], .float32).requireGradient()
      layer.geluTanh(input).sum([0, 1]).backward()
      return input.gradient?.values() ?? []
    }
    #expect(slope(packed) == slope(plain))
  }

  @Test(arguments: [DType.float32, .bfloat16])
  func convolutions(dtype: DType) throws {
    let flat = try both(dtype) { try Conv1d($0, 24, 40, kernel: 5, padding: 4, dilation: 2) }
    let picture = try both(dtype) { try Conv2d($0, 3, 32, kernel: 3, stride: [2, 1], padding: [1, 1]) }
    let video = try both(dtype) {
      try Conv3d($0, 8, 16, kernel: 3, stride: [2, 1, 1], padding: [0, 1, 1], bias: false)
    }
    withoutGradient {
      let sound = random([2, 24, 1, 50], dtype)
      expectEqual(flat.packed.flat(sound), flat.plain.flat(sound), dtype)
      expectEqual(
        flat.packed.flat(sound, leakySlope: 0.1), flat.plain.flat(sound).leakyReLU(slope: 0.1), dtype)
      expectEqual(flat.packed(sound.squeezed(2)), flat.plain(sound.squeezed(2)), dtype)
      let x = random([2, 3, 17, 12], dtype)
      for x in [x, x.channelsLast] { expectEqual(picture.packed(x), picture.plain(x), dtype) }
      #expect(picture.packed(x).isChannelsLast)
      let frames = random([1, 8, 7, 6, 5], dtype)
      for x in [frames, frames.channelsLast] { expectEqual(video.packed(x), video.plain(x), dtype) }
    }
  }
}
