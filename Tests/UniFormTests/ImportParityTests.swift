import Foundation
import Testing
import Torch

@testable import UniForm

/// Every part, imported from a file with the published names, gives the numbers of its reference.
@Suite("Import: parity") struct ImportParityTests {
  let folder: TemporaryFolder
  var source: URL { folder.url.appending(path: "source") }
  var output: URL { folder.url.appending(path: "model") }

  init() throws { folder = try TemporaryFolder() }

  private func run(
    _ part: ModelDirectory.Part, into model: TinyModel = TinyModel(), _ options: ModelImport.Options = .init()
  ) throws -> (ModelDirectory, ImportReport) {
    try model.writeConfiguration(to: output)
    let work = try ModelImport(to: output, from: [part: source], options: options)
    try work.write()
    return (try ModelDirectory(output, isTrained: false), try #require(work.reports.first))
  }

  // MARK: Text encoder

  @Test(arguments: ["t5-encoder-a", "t5-encoder-b"], [nil, 7])
  func `T5 with a decoder, whole or sharded`(name: String, shard: Int?) throws {
    let fixture = try fixture(name)
    let weights = fixture.weights.adding([
      "decoder.block.0.layer.0.layer_norm.weight": .ones([4]), "lm_head.weight": .ones([8, 4]),
    ])
    try PublishedCheckpoints.write(
      weights, configuration: fixture.configuration, to: source, tensorsPerShard: shard)
    try Data(try T5Tokenizer.train(sentences: TinyModel.sentences, vocabularySize: 40))
      .write(to: source.appending(path: "spiece.model"))
    let (model, report) = try run(.textEncoder)
    let mask = try fixture.input("attention_mask")
    let result = try model.loadTextEncoder()(fixture.input("input_ids"), mask: mask).hiddenStates
    let rows = mask.to(.float32).unsqueezed(2)
    let difference = Difference(result * rows, try fixture.output("last_hidden_state") * rows)
    #expect(difference.absolute <= fixture.tolerance, "\(difference)")
    #expect(model.transformer.captionChannels == model.textEncoder.width)
    #expect(report.ignored.map(\.names).contains("decoder.*"))
    #expect(report.licence == "Apache-2.0" && model.index.licences["text_encoder"] == "Apache-2.0")
    #expect(try model.loadTokenizer().vocabularySize == 40)
  }

  // MARK: Video autoencoder

  @Test func `OpenSora-VAE with its own spatial weights, scale and shift`() throws {
    let fixture = try fixture("opensora-video-vae-a")
    var fields = try #require(
      JSONSerialization.jsonObject(with: fixture.configuration) as? [String: Any])
    fields["model_type"] = "VideoAutoencoderPipeline"
    try PublishedCheckpoints.write(
      fixture.weights, configuration: JSONSerialization.data(withJSONObject: fields), to: source)
    var tiny = TinyModel()
    tiny.index.geometry.spatialFactor = 8
    let (model, report) = try run(.videoVAE, into: tiny)
    #expect(model.videoVAE.spatialScalingFactor == 0.18215)
    #expect(report.taken == fixture.weights.items.count && report.initialised == [])
    try expectParity(
      model.loadVideoEncoder()(fixture.input("frames")).mode, fixture, "latents")
    try expectParity(
      model.loadVideoDecoder()(fixture.input("latents"), frames: 21), fixture, "frames")
  }

  // MARK: Audio autoencoder

  enum Spelling: CaseIterable { case diffusers, older, latentDiffusion }

  @Test(arguments: Spelling.allCases)
  func `AudioLDM's autoencoder in any spelling, with its factor`(spelling: Spelling) throws {
    let fixture = try fixture("autoencoder-kl-audio")
    var weights = fixture.weights
    switch spelling {
    case .diffusers: break
    case .older: weights = weights.renamed(PublishedCheckpoints.olderAttention)
    case .latentDiffusion:
      weights = weights.renamed { "first_stage_model." + PublishedCheckpoints.latentDiffusion($0) }
      for (name, item) in weights.items where name.contains(".attn_1.") && item.shape.count == 2 {
        weights.items[name] = Weights.Item(shape: item.shape + [1, 1]) { () throws(WeightError) in
          try item.load().reshaped(item.shape + [1, 1])
        }
      }
      weights = weights.adding([
        "model.diffusion_model.out.weight": .ones([2]), "first_stage_model.vocoder.ups.0.bias": .ones([2]),
        "scale_factor": .ones([]),
      ])
    }
    try PublishedCheckpoints.write(
      weights, configuration: fixture.configuration, to: source.appending(path: "vae"),
      name: "diffusion_pytorch_model")
    let (model, report) = try run(.audioVAE)
    #expect(model.audioVAE.scalingFactor == 0.9227914214134216)
    #expect(report.licence == "CC-BY-NC-SA-4.0" && model.index.nonCommercialParts == ["audio_vae"])
    let (encoder, decoder) = (try model.loadAudioEncoder(), try model.loadAudioDecoder())
    try expectParity(encoder.autoencoder(fixture.input("sample")).moments, fixture, "moments")
    try expectParity(decoder.autoencoder(fixture.input("latent")), fixture, "decoded")
  }

  // MARK: Vocoder

  @Test(arguments: [false, true])
  func `AudioLDM's vocoder, as transformers or its authors save it`(isOriginal: Bool) throws {
    let fixture = try fixture("hifigan-hf")
    let weights =
      isOriginal ? PublishedCheckpoints.originalVocoder(fixture.weights) : fixture.weights
    try PublishedCheckpoints.write(weights, configuration: fixture.configuration, to: source)
    // The fixture has ten bands.
    var tiny = TinyModel()
    tiny.index.geometry.melBins = 10
    tiny.index.geometry.audioFrequencyFactor = 2
    (tiny.mel.melCount, tiny.vocoder.melCount, tiny.transformer.audioFrequencies) = (10, 10, 5)
    tiny.audioVAE.downsampleStrides = [[2, 2], [2, 1]]
    let (model, report) = try run(.vocoder, into: tiny)
    #expect(report.taken == (isOriginal ? 196 - 2 : 196))
    try expectParity(model.loadVocoder()(fixture.input("mel")), fixture, "waveform")
  }

  // MARK: Transformer

  @Test func `STDiT-v3 keeps its numbers and gains the sound's tensors`() throws {
    let fixture = try fixture("stdit3-a")
    try PublishedCheckpoints.write(
      fixture.weights, configuration: fixture.configuration, to: source, tensorsPerShard: 40)
    var tiny = TinyModel()
    tiny.textEncoder.width = 20
    tiny.transformer.captionChannels = 20
    let (model, report) = try run(.transformer, into: tiny)
    #expect(report.format == "STDiT-v3" && report.licence == "Apache-2.0")
    #expect(report.ignored.map(\.names) == ["rope.freqs"])
    #expect(
      Set(report.initialised.map(\.names)) == [
        "audio_embedder.*", "audio_final_layer.*", "task_embedder.*", "modality_embedding",
      ])
    #expect(model.transformer.maximumTextLength == 11 && model.transformer.captionDropProbability == 0.5)
    let network = try model.loadTransformer()
    let output = network.stdit3(
      try fixture.input("x"), timesteps: try fixture.input("timestep"), frameRate: try fixture.input("fps"),
      conditioning: network.conditioning(
        states: try fixture.input("y").squeezed(1), mask: try fixture.input("mask")),
      pixels: (Int(try fixture.input("height").floats[0]), Int(try fixture.input("width").floats[0])))
    try expectParity(output, fixture, "out")
  }

  @Test(arguments: ["pixart-square", "pixart-wide"], [nil, 11])
  func `PixArt gives its numbers in a network of video and sound`(name: String, shard: Int?) throws {
    let fixture = try fixture(name)
    try PublishedCheckpoints.write(
      fixture.weights, configuration: fixture.configuration, to: source.appending(path: "transformer"),
      name: "diffusion_pytorch_model", tensorsPerShard: shard)
    var tiny = TinyModel()
    tiny.textEncoder.width = try fixture.input("encoder_hidden_states").size(2)
    tiny.transformer.captionChannels = tiny.textEncoder.width
    let (model, report) = try run(.transformer, into: tiny)
    #expect(!model.transformer.qkNorm && report.format == "PixArt")
    #expect(report.initialised.map(\.names).starts(with: ["temporal_blocks.*", "fps_embedder.*"]))
    try expectParity(pixArt(model, fixture), fixture, "sample")
  }

  @Test func `PixArt's original names are read alike`() throws {
    let fixture = try fixture("pixart-square")
    var weights = try PixArtKeys.transformer(fixture.weights)
      .renamed { $0.replacing("spatial_blocks.", with: "blocks.") }
    let patch = try #require(weights.items["x_embedder.proj.weight"])
    weights.items["x_embedder.proj.weight"] = nil
    let captions = try fixture.input("encoder_hidden_states").size(2)
    weights = weights.adding([
      "x_embedder.proj.weight": try patch.load().squeezed(2), "pos_embed": .zeros([1, 256, 8]),
      "csize_embedder.mlp.0.weight": .zeros([2, 2]),
      "y_embedder.y_embedding": Tensor((0..<3 * captions).map(Float.init), shape: [3, captions]),
    ])
    try PublishedCheckpoints.write(weights, configuration: fixture.configuration, to: source)
    var tiny = TinyModel()
    (tiny.textEncoder.width, tiny.transformer.captionChannels) = (captions, captions)
    let (model, report) = try run(.transformer, into: tiny)
    #expect(Set(report.ignored.map(\.names)) == ["pos_embed", "csize_embedder.*"])
    try expectParity(pixArt(model, fixture), fixture, "sample")
    // 40 rows: the three of the file, then the last one again.
    let null = try model.loadTransformer().captionEmbedder.nullCaption
    #expect(null.shape == [40, captions])
    #expect(null.selected(0, 1).floats.first == Float(captions))
    #expect(null.selected(0, 39).floats == null.selected(0, 2).floats)
  }

  private func pixArt(_ model: ModelDirectory, _ fixture: ParityFixture) throws -> Tensor {
    struct Settings: Decodable { let height, width, fps: Double }
    let settings = try JSONDecoder().decode(
      Settings.self, from: Data(try #require(fixture.file.metadata["stdit3"]).utf8))
    let network = try model.loadTransformer()
    let x = try fixture.input("hidden_states")
    return network.stdit3(
      x.unsqueezed(2), timesteps: try fixture.input("timestep").to(.float32),
      frameRate: .full([x.size(0)], settings.fps),
      conditioning: network.conditioning(
        states: try fixture.input("encoder_hidden_states"),
        mask: try fixture.input("encoder_attention_mask")),
      pixels: (Int(settings.height), Int(settings.width))
    ).squeezed(2)
  }
}
