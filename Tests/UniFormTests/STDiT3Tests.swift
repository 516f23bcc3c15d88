import Foundation
import Testing
import Torch

@testable import UniForm

@Suite struct STDiT3Tests {
  private func golden(qkNorm: Bool) throws -> (UniFormDiT, ParameterStore) {
    var configuration = UniFormDiT.Configuration()
    configuration.depth = 2
    configuration.hiddenSize = 144
    configuration.heads = 2
    configuration.captionChannels = 32
    configuration.maximumTextLength = 8
    configuration.qkNorm = qkNorm
    configuration.audioChannels = 0
    let store = ParameterStore(seed: 0)
    let model = try UniFormDiT(store.root, configuration)
    GoldenFill.fill(store)
    return (model, store)
  }

  private let mask = Tensor([1, 1, 1, 1, 1, 0, 0, 0, 1, 1, 1, 0, 0, 0, 0, 0], shape: [2, 8])

  @Test func g6WithAndWithoutFrameMask() throws {
    let (model, _) = try golden(qkNorm: true)
    let conditioning = model.conditioning(
      states: GoldenFill.input("in.y", [2, 1, 8, 32]).squeezed(1), mask: mask)
    let x = GoldenFill.input("in.x", [2, 4, 5, 6, 8])
    let time = Tensor([7, 801] as [Float])
    let rate = Tensor([17, 17] as [Float])
    let plain = model.stdit3(
      x, timesteps: time, frameRate: rate, conditioning: conditioning, pixels: (256, 256))
    expectGolden(
      plain, shape: [2, 8, 5, 6, 8], mean: 0.2779190, deviation: 1.1376632, absoluteMaximum: 4.688982,
      first: [-0.214888, -1.334747, 0.610929, -1.284075, -0.868063, -1.909212],
      last: [0.755627, 0.896309, 0.187483])
    let frames = Tensor(
      [true, true, false, true, true, false, true, true, true, true], shape: [2, 5])
    let masked = model.stdit3(
      x, timesteps: time, frameRate: rate, conditioning: conditioning, pixels: (256, 256), denoised: frames)
    expectGolden(
      masked, shape: [2, 8, 5, 6, 8], mean: 0.3105001, deviation: 1.2326406, absoluteMaximum: 5.508374,
      first: [-0.221935, -1.348640, 0.643593, -1.297914, -0.827084, -1.888539],
      last: [0.759484, 0.870313, 0.197803])
  }

  @Test func g7WithTemporalBlocksAsIdentity() throws {
    let (model, store) = try golden(qkNorm: false)
    withoutGradient {
      for entry in store.entries {
        let isTemporal = entry.name.hasPrefix("temporal_blocks.")
        let last = ["attn.proj.", "cross_attn.proj.", "mlp.fc2."].contains { entry.name.contains($0) }
        if (isTemporal && last) || entry.name.hasPrefix("fps_embedder.mlp.2") { entry.tensor.zero_() }
      }
    }
    let conditioning = model.conditioning(states: GoldenFill.input("in.py", [2, 8, 32]), mask: mask)
    let output = model.stdit3(
      GoldenFill.input("in.px", [2, 4, 32, 32]).unsqueezed(2), timesteps: Tensor([7, 801] as [Float]),
      frameRate: Tensor([17, 17] as [Float]), conditioning: conditioning, pixels: (256, 256)
    ).squeezed(2)
    expectGolden(
      output, shape: [2, 8, 32, 32], mean: 0.0100513, deviation: 1.0880595, absoluteMaximum: 4.552055,
      first: [-1.118452, -0.121602, -0.236668, 0.398670, -0.736643, -0.781136],
      last: [-0.121258, 0.123404, 0.421249])
  }

  @Test func positionAndTimeEmbeddingsMatchTheirGoldenNumbers() {
    let grid = PositionEncoding.grid(
      rows: (0..<16).map { 2.0 * Double($0) }, columns: (0..<16).map { 2.0 * Double($0) }, width: 1152
    ).selected(0, 16 + 2).floats
    for (index, golden) in [
      (0, -0.75680250), (1, -0.66873789), (288, -0.65364361), (289, -0.74349827), (576, 0.90929741),
      (864, -0.41614684),
    ] as [(Int, Float)] { #expect(abs(grid[index] - golden) < 1e-6) }
    let time = TimestepEmbedder.sinusoids(Tensor([801] as [Float])).floats
    for (index, golden) in [
      (0, -0.994374), (1, -0.674341), (2, -0.793300), (127, 0.996298), (128, 0.105928), (129, -0.738420),
      (255, 0.085970),
    ] as [(Int, Float)] { #expect(abs(time[index] - golden) < 2e-4) }
  }
}
