import Testing
import Torch
import UniForm

/// Older spellings of an autoencoder's file are read as today's, with identical results.
@Suite struct AutoencoderKeysTests {
  private func expectSameResults(_ fixture: ParityFixture, _ weights: Weights) throws {
    let configuration = try AutoencoderKL.Configuration(json: fixture.configuration, source: "fixture")
    #expect(weights.items.keys.sorted() != fixture.weights.items.keys.sorted())
    let store = ParameterStore(loading: weights.withAutoencoderKeys())
    let model = try AutoencoderKL(store.root, configuration)
    try store.requireAllUsed()
    let reference = try AutoencoderKL(ParameterStore(loading: fixture.weights).root, configuration)
    let (sample, latent) = (try fixture.input("sample"), try fixture.input("latent"))
    #expect(Difference(model.encode(sample).moments, reference.encode(sample).moments).absolute == 0)
    #expect(Difference(model.decode(latent), reference.decode(latent)).absolute == 0)
  }

  @Test func readsOlderAttentionNames() throws {
    let fixture = try fixture("autoencoder-kl-audio")
    try expectSameResults(fixture, fixture.weights.renamed(PublishedCheckpoints.olderAttention))
  }

  @Test func readsTheOriginalNamesAndConvolutionalAttention() throws {
    let fixture = try fixture("autoencoder-kl-audio")
    var weights = fixture.weights.renamed(PublishedCheckpoints.latentDiffusion)
    for (name, item) in weights.items where name.contains(".attn_1.") && item.shape.count == 2 {
      let shape = item.shape + [1, 1]
      weights.items[name] = Weights.Item(shape: shape) { () throws(WeightError) in
        try item.load().reshaped(shape)
      }
    }
    #expect(weights.items.keys.contains("decoder.up.2.upsample.conv.weight"))
    try expectSameResults(fixture, weights)
  }

  @Test func leavesTodaysNamesAsTheyAreBelowAnyPrefix() throws {
    let weights = try fixture("opensora-video-vae-a").weights
    #expect(weights.withAutoencoderKeys().items.keys.sorted() == weights.items.keys.sorted())
  }
}
