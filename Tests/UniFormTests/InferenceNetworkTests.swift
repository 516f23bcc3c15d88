import Testing
import Torch

@testable import UniForm

/// Networks loaded for inference against the same networks as they are trained.
@Suite(.enabled(if: FusedKernels.areAvailable, "this processor has no bfloat16 products"))
struct InferenceNetworkTests {
  private let generator = Generator(seed: 6)

  private func both<Network>(
    _ dtype: DType = .float32, _ make: (Parameters) throws -> Network
  ) rethrows -> (plain: Network, packed: Network) {
    (
      try make(ParameterStore(seed: 5, dtype: dtype).root),
      try make(ParameterStore(seed: 5, dtype: dtype, forInference: true).root)
    )
  }

  private func random(_ shape: [Int]) -> Tensor { .randn(shape, generator: generator) }

  private func expectEqual(_ a: Tensor, _ b: Tensor, tolerance: Double = 1e-4) {
    #expect(a.shape == b.shape)
    let difference = (a - b).abs.maximum.item
    #expect(difference <= tolerance * max(1, b.abs.maximum.item), "\(difference)")
  }

  @Test(arguments: [[2, 2], [1, 2], [2, 1], [1, 1]], [DType.float32, .bfloat16])
  func mergedUpsamplingIsEnlargementThenConvolution(stride: [Int], dtype: DType) throws {
    let (plain, packed) = try both(dtype) { try UpsamplingConvolution($0, 24, stride: stride) }
    let x = random([2, 24, 5, 7]).to(dtype)
    withoutGradient {
      expectEqual(
        packed(x).to(.float32), plain(x).to(.float32), tolerance: dtype == .float32 ? 1e-5 : 0.02)
    }
  }

  @Test func videoAutoencoder() throws {
    let c = TinyModel().videoVAE
    let (plain, packed) = try both { try VideoVAE($0, c) }
    let reduction = c.spatial.reduction
    let frames = random([1, 3, 19, 4 * reduction[0], 6 * reduction[1]]).clamp(min: -1, max: 1)
    withoutGradient {
      let latents = packed.encode(frames)
      expectEqual(latents, plain.encode(frames))
      expectEqual(packed.decode(latents, frames: 19), plain.decode(latents, frames: 19))
    }
  }

  @Test func vocoderAndTextEncoder() throws {
    let model = TinyModel()
    let vocoder = try both { try HiFiGAN($0, model.vocoder) }
    let text = try both { try T5Encoder($0, model.textEncoder) }
    withoutGradient {
      let mel = random([1, 20, model.vocoder.melCount])
      expectEqual(vocoder.packed.vocode(mel), vocoder.plain.vocode(mel))
      let ids = Tensor([3, 5, 9, 1, 4, 1, 0, 0], shape: [2, 4])
      let mask = Tensor([1, 1, 1, 1, 1, 1, 0, 0], shape: [2, 4])
      expectEqual(text.packed(ids, mask: mask).hiddenStates, text.plain(ids, mask: mask).hiddenStates)
    }
  }

  /// Tokens `[2, T, S, D]` after the blocks of a network, whose output layer starts with zeros.
  private func blocks(
    of network: UniFormDiT, _ states: Tensor, _ tokens: Tensor, grid: (rows: Int, columns: Int),
    pixels: (Int, Int)
  ) -> Tensor {
    let dtype = tokens.dtype
    let time = network.timeEmbedding(
      Tensor([700, 3] as [Float]), frameRate: Tensor([17, 17] as [Float]), dtype: dtype)
    let text = network.conditioning(
      states: states, mask: Tensor.ones([2, states.size(1)], dtype: .int64), dtype: dtype)
    let placement = network.placement(
      frames: tokens.size(1), rows: grid.rows, columns: grid.columns, pixels: pixels, device: .cpu,
      dtype: dtype)
    return network.trunk(
      tokens, Modulation(groups: [time.modulation], sizes: [tokens.size(2)]), text, placement.time
    ).to(.float32)
  }

  @Test(arguments: [DType.float32, .bfloat16])
  func transformerBlocks(dtype: DType) throws {
    let model = TinyModel()
    let (c, shape) = (model.transformer, model.index.geometry.videoLatentShape)
    let (plain, packed) = try both(dtype) { try UniFormDiT($0, c) }
    let states = random([2, 5, c.captionChannels])
    let tokens = random([2, shape[1], 6, c.hiddenSize]).to(dtype)
    func run(_ network: UniFormDiT) -> Tensor {
      blocks(of: network, states, tokens, grid: (shape[2], shape[3]), pixels: (32, 32))
    }
    withoutGradient {
      expectEqual(run(packed), run(plain), tolerance: dtype == .float32 ? 1e-4 : 0.03)
    }
  }

  /// The denoiser is divided among threads where it is wide, and then by rows: no sum is.
  @Test(arguments: [DType.float32, .bfloat16])
  func wideBlocksGiveTheSameBitsForAnyNumberOfThreads(dtype: DType) throws {
    let before = ComputeThreads.count
    defer { ComputeThreads.count = before }
    var c = TinyModel().transformer
    (c.depth, c.hiddenSize, c.heads) = (1, 576, 8)
    let network = try UniFormDiT(ParameterStore(seed: 5, dtype: dtype, forInference: true).root, c)
    let (states, tokens) = (random([2, 13, c.captionChannels]), random([2, 5, 77, 576]).to(dtype))
    func run() -> [Float] {
      blocks(of: network, states, tokens, grid: (14, 22), pixels: (112, 176)).values()
    }
    withoutGradient {
      ComputeThreads.count = 1
      let expected = run()
      for threads in 2...4 {
        ComputeThreads.count = threads
        let isSame = run() == expected
        #expect(isSame, "\(threads) threads")
      }
    }
  }

  @Test(arguments: [DType.float32, .bfloat16], [7, 64])
  func wideTextEncodersGiveTheSameBitsForAnyNumberOfThreads(dtype: DType, length: Int) throws {
    let before = ComputeThreads.count
    defer { ComputeThreads.count = before }
    var c = TinyModel().textEncoder
    (c.width, c.headWidth, c.feedForwardWidth, c.layers, c.heads) = (1024, 64, 2816, 1, 16)
    let encoder = try T5Encoder(ParameterStore(seed: 5, dtype: dtype, forInference: true).root, c)
    let ids = Tensor((0..<length).map { 3 + $0 % 60 }, shape: [1, length])
    func run() -> [Float] { encoder(ids, mask: ids.onesLike).hiddenStates.to(.float32).values() }
    withoutGradient {
      ComputeThreads.count = 1
      let expected = run()
      for threads in 2...4 {
        ComputeThreads.count = threads
        let isSame = run() == expected
        #expect(isSame, "\(threads) threads")
      }
    }
  }
}
