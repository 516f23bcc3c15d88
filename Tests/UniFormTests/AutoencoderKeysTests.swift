import Testing
import Torch
import UniForm

/// Older spellings of an autoencoder's file are read as today's, with identical results.
@Suite struct AutoencoderKeysTests {
  private static let olderAttention = [
    ("to_q", "query"), ("to_k", "key"), ("to_v", "value"), ("to_out.0", "proj_attn"),
  ]

  /// Today's name to the one before diffusers 0.16.
  private static func older(_ name: String) -> String {
    guard name.contains(".attentions.") else { return name }
    return olderAttention.reduce(name) { $0.replacing(".\($1.0).", with: ".\($1.1).") }
  }

  /// Today's name to the one of the original latent diffusion code, for a decoder of three levels.
  private static func original(_ name: String) -> String {
    let rules = [
      ("decoder.up_blocks.0.", "decoder.up.2."), ("decoder.up_blocks.1.", "decoder.up.1."),
      ("decoder.up_blocks.2.", "decoder.up.0."), ("encoder.down_blocks.", "encoder.down."),
      ("mid_block.resnets.0.", "mid.block_1."), ("mid_block.resnets.1.", "mid.block_2."),
      ("mid_block.attentions.0.group_norm.", "mid.attn_1.norm."),
      ("mid_block.attentions.0.to_q.", "mid.attn_1.q."),
      ("mid_block.attentions.0.to_k.", "mid.attn_1.k."), ("mid_block.attentions.0.to_v.", "mid.attn_1.v."),
      ("mid_block.attentions.0.to_out.0.", "mid.attn_1.proj_out."), (".resnets.", ".block."),
      (".downsamplers.0.", ".downsample."), (".upsamplers.0.", ".upsample."),
      ("conv_shortcut", "nin_shortcut"),
      ("conv_norm_out", "norm_out"),
    ]
    return rules.reduce(name) { $0.replacing($1.0, with: $1.1) }
  }

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
    try expectSameResults(fixture, fixture.weights.renamed(Self.older))
  }

  @Test func readsTheOriginalNamesAndConvolutionalAttention() throws {
    let fixture = try fixture("autoencoder-kl-audio")
    var weights = fixture.weights.renamed(Self.original)
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
