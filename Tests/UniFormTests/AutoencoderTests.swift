import Foundation
import Testing
import Torch
import UniForm

@Suite struct AutoencoderTests {
  private static func tiny(channels: Int, latent: Int, blocks: [Int]) -> AutoencoderKL.Configuration {
    var configuration = AutoencoderKL.Configuration()
    configuration.inChannels = channels
    configuration.outChannels = channels
    configuration.latentChannels = latent
    configuration.blockOutChannels = blocks
    configuration.normNumGroups = 4
    return configuration
  }

  @Test func pictureModelMeetsItsGoldenNumbers() throws {
    let store = ParameterStore(seed: 0)
    let model = try AutoencoderKL(store.root, Self.tiny(channels: 3, latent: 4, blocks: [8, 16, 16, 16]))
    GoldenFill.fill(store)
    let posterior = model.encode(GoldenFill.input("in.img", [2, 3, 16, 24]))
    expectGolden(
      posterior.moments, shape: [2, 8, 2, 3], mean: 0.0199087, deviation: 0.4861440,
      absoluteMaximum: 1.548899, first: [0.371114, 0.597255, -0.124252, 0.926012, -0.239838, 0.565650],
      last: [0.249456, 0.017472, -0.389519])
    expectGolden(
      model.decode(posterior.mode), shape: [2, 3, 16, 24], mean: -0.0824381, deviation: 0.5505212,
      absoluteMaximum: 2.615751, first: [0.035704, 0.032666, 0.082530, -0.060041, 0.151460, 0.293340],
      last: [0.167932, 0.059369, 0.167934])
  }

  @Test func soundModelMeetsItsGoldenNumbers() throws {
    let store = ParameterStore(seed: 0)
    let model = try AutoencoderKL(store.root, Self.tiny(channels: 1, latent: 8, blocks: [8, 16, 32]))
    GoldenFill.fill(store)
    let posterior = model.encode(GoldenFill.input("in.aud", [2, 1, 20, 16]))
    expectGolden(
      posterior.moments, shape: [2, 16, 5, 4], mean: 0.0969294, deviation: 0.5181205,
      absoluteMaximum: 1.964944, first: [0.326167, 0.276889, 0.232063, 0.130586, 1.964944, 1.457980],
      last: [0.211363, 0.469456, 0.206829])
    expectGolden(
      model.decode(posterior.mode), shape: [2, 1, 20, 16], mean: -0.3006200, deviation: 0.5330351,
      absoluteMaximum: 3.047351, first: [0.079241, -0.001409, -0.036084, 0.005902, 0.139431, 0.007165],
      last: [-0.277732, -0.499977, -0.293253])
  }

  @Test(arguments: ["autoencoder-kl-audio", "autoencoder-kl-image"])
  func matchesTheReference(_ name: String) throws {
    let fixture = try fixture(name)
    let configuration = try AutoencoderKL.Configuration(json: fixture.configuration, source: name)
    let store = ParameterStore(loading: fixture.weights)
    let model = try AutoencoderKL(store.root, configuration)
    try store.requireAllUsed()
    try expectParity(model.encode(fixture.input("sample")).moments, fixture, "moments")
    try expectParity(model.decode(fixture.input("latent")), fixture, "decoded")
  }
}
