import Foundation
import Testing
import Torch
import UniForm

@Suite struct AudioVAETests {
  @Test func latentsAreTheAutoencodersTimesItsScale() throws {
    let fixture = try fixture("autoencoder-kl-audio")
    let configuration = try AudioVAE.Configuration(json: fixture.configuration, source: "fixture")
    let store = ParameterStore(loading: fixture.weights)
    let model = try AudioVAE(store.root, configuration)
    try store.requireAllUsed()
    let latents = model.encode(try fixture.input("sample"))
    let mean = DiagonalGaussian(moments: try fixture.output("moments")).mean
    #expect(Difference(latents, mean * configuration.scalingFactor).absolute < 1e-4)
    try expectParity(
      model.decode(fixture.input("latent") * configuration.scalingFactor), fixture, "decoded")

    let posterior = model.encoder(try fixture.input("sample"))
    let plain = DiagonalGaussian(moments: try fixture.output("moments"))
    let ratio = (posterior.logVariance * 0.5).exp / (plain.logVariance * 0.5).exp
    #expect(Difference(ratio, .full(ratio.shape, configuration.scalingFactor)).absolute < 1e-3)
  }

  @Test func keysAreThoseOfThePublishedFile() throws {
    var configuration = AudioVAE.Configuration.audio
    configuration.blockOutChannels = [4, 8, 16]
    configuration.normNumGroups = 4
    let store = ParameterStore(seed: 0)
    _ = try AudioVAE(store.root, configuration)
    #expect(Set(store.entries.map(\.name)).count == 204)
    #expect(store.entries.count == 204)
    #expect(configuration.reduction == [4, 4])
  }
}
