import Foundation
import Testing
import Torch

@testable import UniForm

@Suite("Import") struct ModelImportTests {
  let folder: TemporaryFolder
  var source: URL { folder.url.appending(path: "source") }
  var output: URL { folder.url.appending(path: "model") }

  init() throws { folder = try TemporaryFolder() }

  /// A published transformer for captions as wide as those of the tiny model.
  private func writePixArt(_ change: (inout Weights, inout [String: Any]) throws -> Void = { _, _ in }) throws
  {
    let fixture = try fixture("pixart-square")
    var weights = fixture.weights
    var fields = try #require(
      JSONSerialization.jsonObject(with: fixture.configuration) as? [String: Any])
    try change(&weights, &fields)
    try PublishedCheckpoints.write(
      weights, configuration: JSONSerialization.data(withJSONObject: fields), to: source,
      name: "diffusion_pytorch_model")
  }

  private func tiny(captions: Int = 22) -> TinyModel {
    var tiny = TinyModel()
    (tiny.textEncoder.width, tiny.transformer.captionChannels) = (captions, captions)
    return tiny
  }

  private func expectRefusal(
    _ words: String..., part: ModelDirectory.Part = .transformer,
    options: ModelImport.Options = ModelImport.Options(), location: SourceLocation = #_sourceLocation
  ) throws {
    try tiny().writeConfiguration(to: output)
    let before = try FileManager.default.subpathsOfDirectory(atPath: output.path).sorted()
    do {
      try ModelImport(to: output, from: [part: source], options: options).write()
      Issue.record("nothing was refused", sourceLocation: location)
    } catch {
      let text = "\(error)"
      #expect(!text.contains("\n"), "\(text)", sourceLocation: location)
      for word in words { #expect(text.contains(word), "\(text)", sourceLocation: location) }
    }
    let after = try FileManager.default.subpathsOfDirectory(atPath: output.path).sorted()
    #expect(after == before, sourceLocation: location)
  }

  // MARK: What is refused

  @Test func `a missing tensor is named as the file would name it`() throws {
    for name in [
      "transformer_blocks.1.attn1.to_k.weight", "transformer_blocks.0.ff.net.2.bias",
      "adaln_single.linear.weight", "transformer_blocks.0.scale_shift_table", "scale_shift_table",
    ] {
      try writePixArt { weights, _ in weights.items[name] = nil }
      try expectRefusal("diffusion_pytorch_model.safetensors", "\"\(name)\" is missing")
    }
  }

  @Test func `a tensor of another shape is named as the file names it`() throws {
    for (name, shape) in [
      ("transformer_blocks.1.attn1.to_k.weight", [64, 32]), ("caption_projection.linear_2.weight", [64, 8]),
      ("proj_out.weight", [16, 64]), ("pos_embed.proj.weight", [64, 4, 4, 4]),
    ] {
      try writePixArt { weights, _ in weights = weights.adding([name: .zeros(shape)]) }
      try expectRefusal("diffusion_pytorch_model.safetensors", "\"\(name)\" has shape")
    }
  }

  @Test func `a tensor that nothing asks for is named as the file names it`() throws {
    for name in ["transformer_blocks.2.ff.net.2.bias", "transformer_blocks.0.attn1.norm_q.weight", "extra"] {
      try writePixArt { weights, _ in weights = weights.adding([name: .zeros([64])]) }
      try expectRefusal("diffusion_pytorch_model.safetensors", "the tensor \"\(name)\", which")
    }
  }

  @Test func `unknown and unsupported keys of a configuration are named`() throws {
    try writePixArt { _, fields in fields["window_size"] = 8 }
    try expectRefusal("source/config.json", "unknown key \"window_size\"")
    for (key, value) in [
      ("norm_type", "layer_norm"), ("out_channels", 5), ("activation_fn", "silu"), ("patch_size", 0),
      ("num_layers", "two"), ("norm_elementwise_affine", true), ("cross_attention_dim", 32),
    ] as [(String, Any)] {
      try writePixArt { _, fields in fields[key] = value }
      try expectRefusal("source/config.json", "\"\(key)\"")
    }
  }

  @Test func `latents of another width are refused with the file and the key`() throws {
    try writePixArt { weights, fields in
      (fields["in_channels"], fields["out_channels"]) = (8, 16)
      weights = weights.adding([
        "pos_embed.proj.weight": .zeros([64, 8, 2, 2]), "proj_out.weight": .zeros([64, 64]),
        "proj_out.bias": .zeros([64]),
      ])
    }
    try expectRefusal("transformer/config.json", "\"in_channels\" is 8")
  }

  @Test(arguments: ["a.pth", "a.ckpt", "pytorch_model.bin", "a.pt"])
  func `pickles are refused with the way out`(name: String) throws {
    try FileManager.default.createDirectory(at: source, withIntermediateDirectories: true)
    try Data("PK".utf8).write(to: source.appending(path: name))
    try expectRefusal(name, "pickle", "Scripts/convert-checkpoint")
    #expect(throws: ImportError.pickle(path: source.appending(path: name).path)) {
      try ModelImport(to: output, from: [.vocoder: source.appending(path: name)])
    }
  }

  @Test func `paths that hold no weights, or too many, are named`() throws {
    #expect(throws: ImportError.missing(path: source.path)) {
      try ModelImport(to: output, from: [.vocoder: source])
    }
    try FileManager.default.createDirectory(at: source, withIntermediateDirectories: true)
    #expect(throws: ImportError.noWeights(folder: source.path)) {
      try ModelImport(to: output, from: [.vocoder: source])
    }
    for name in ["a", "b"] {
      try SafeTensors.write([("x", .zeros([1]))], to: source.appending(path: "\(name).safetensors"))
    }
    try expectRefusal("several sets", "a.safetensors, b.safetensors")
    try FileManager.default.removeItem(at: source.appending(path: "b.safetensors"))
    try expectRefusal("a.safetensors", "STDiT-v3, PixArt")
    try expectRefusal("a.safetensors", "d_model", part: .textEncoder)
    try expectRefusal("a.safetensors", "scaling_factor", part: .audioVAE)
  }

  @Test func `a text encoder without its tokenizer is refused`() throws {
    let fixture = try fixture("t5-encoder-a")
    try PublishedCheckpoints.write(fixture.weights, configuration: fixture.configuration, to: source)
    try expectRefusal("source", "spiece.model", "--tokenizer", part: .textEncoder)
  }

  @Test func `the norm of queries and keys is a choice for PixArt alone`() throws {
    var options = ModelImport.Options()
    options.usesQKNorm = true
    let fixture = try fixture("stdit3-a")
    try PublishedCheckpoints.write(fixture.weights, configuration: fixture.configuration, to: source)
    try expectRefusal("no PixArt", "--qk-norm", options: options)
  }

  @Test func `a folder of other things is left alone`() throws {
    try FileManager.default.createDirectory(at: output, withIntermediateDirectories: true)
    try Data().write(to: output.appending(path: "thesis.tex"))
    #expect(throws: ImportError.outputTaken(path: output.path)) {
      try ModelImport(to: output, from: [.vocoder: source])
    }
    let nowhere = folder.url.appending(path: "no/model")
    #expect(throws: ImportError.outputFolderMissing(path: nowhere.path)) {
      try ModelImport(to: nowhere, from: [.vocoder: source])
    }
  }

  // MARK: What is written

  @Test func `a new model is the paper's, and Configs has the same`() throws {
    let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..").standardized
    let written = try ModelDirectory(root.appending(path: "Configs/uniform-xl"), isTrained: false)
    let paper = ModelDirectory(paperAt: written.url)
    #expect(written.index == paper.index && written.transformer == paper.transformer)
    #expect(written.textEncoder == paper.textEncoder && written.diffusion == paper.diffusion)
    #expect(written.videoVAE == paper.videoVAE && written.mel == paper.mel)
    #expect(written.vocoder == paper.vocoder)
    var audio = written.audioVAE
    (audio.downBlockTypes, audio.upBlockTypes) = (nil, nil)
    #expect(audio == paper.audioVAE)
    // The joint latent of 20 × 32 × 38.
    let (clip, network) = (written.geometry, written.transformer)
    #expect(clip.videoLatentShape == [4, 20, 32, 32] && clip.audioLatentShape == [8, 100, 16])
    #expect(network.audioRows == 32 && network.audioStepsPerFrame + 1 == 38 - 32)
    let counts = try ModelDirectory.Part.allCases.map { part in
      try written.outline(of: part).reduce(0) { $0 + $1.tensor.count }
    }
    #expect(counts == [341_231_104, 1_204_470_208, 393_341_015, 55_376_873, 55_264_897 + 128])
  }

  @Test func `a caption projection of another width begins anew`() throws {
    try writePixArt()
    try tiny(captions: 24).writeConfiguration(to: output)
    let work = try ModelImport(to: output, from: [.transformer: source])
    try work.write()
    let report = try #require(work.reports.first)
    #expect(report.initialised.first?.names == "y_embedder.*" && report.initialised.first?.count == 5)
    #expect(report.ignored.first?.names == "caption_projection.*" && report.ignored.first?.count == 4)
    let embedder = try work.model.loadTransformer().captionEmbedder
    #expect(embedder.first.weight.shape == [64, 24])
    #expect(embedder.second.weight.floats.contains { $0 != 0 })
  }

  @Test(arguments: [(512, 35_332_800), (768, 109_628_544), (2048, 1_223_527_424), (4096, 4_762_310_656)])
  func `a new model takes the FLAN-T5 that a transformer was made for`(width: Int, count: Int) throws {
    try writePixArt { weights, fields in
      fields["caption_channels"] = width
      weights = weights.adding(["caption_projection.linear_1.weight": .zeros([64, width])])
    }
    let work = try ModelImport(to: output, from: [.transformer: source])
    #expect(work.model.transformer.captionChannels == width)
    #expect(try work.model.outline(of: .textEncoder).reduce(0) { $0 + $1.tensor.count } == count)
    #expect(work.reports[0].ignored == [])
    #expect(work.missing == [.textEncoder, .videoVAE, .audioVAE, .vocoder])
  }

  @Test func `new tensors depend on the seed and on nothing else`() throws {
    try writePixArt()
    func task(seed: UInt64, dtype: DType? = nil) throws -> Tensor {
      try? FileManager.default.removeItem(at: output)
      try tiny().writeConfiguration(to: output)
      var options = ModelImport.Options()
      (options.seed, options.dtype) = (seed, dtype)
      let work = try ModelImport(to: output, from: [.transformer: source], options: options)
      try work.write()
      return try SafeTensors(contentsOf: work.model.weightsURL(.transformer)).tensor("task_embedder.weight")
    }
    let first = try task(seed: 1)
    #expect(try task(seed: 1).floats == first.floats)
    #expect(try task(seed: 2).floats != first.floats)
    let half = try task(seed: 1, dtype: .bfloat16)
    #expect(half.dtype == .bfloat16 && half.floats == first.to(.bfloat16).floats)
  }

  @Test(arguments: [DType.float16, .bfloat16])
  func `weights stay as they are stored, new ones follow them`(stored: DType) throws {
    try writePixArt { weights, _ in
      for (name, item) in weights.items {
        weights.items[name] = Weights.Item(shape: item.shape) { () throws(WeightError) in
          try item.load().to(stored)
        }
      }
    }
    try tiny().writeConfiguration(to: output)
    let work = try ModelImport(to: output, from: [.transformer: source])
    try work.write()
    let file = try SafeTensors(contentsOf: work.model.weightsURL(.transformer))
    #expect(file.entries.values.allSatisfy { $0.dtype == stored })
    #expect(
      file.entries.count == work.reports[0].taken + work.reports[0].initialised.reduce(0) { $0 + $1.count })
  }

  @Test func `the norm of queries and keys starts with ones where it is asked for`() throws {
    try writePixArt()
    try tiny().writeConfiguration(to: output)
    var options = ModelImport.Options()
    options.usesQKNorm = true
    let work = try ModelImport(to: output, from: [.transformer: source], options: options)
    try work.write()
    let file = try SafeTensors(contentsOf: work.model.weightsURL(.transformer))
    #expect(try file.tensor("spatial_blocks.1.attn.q_norm.weight").floats.allSatisfy { $0 == 1 })
    #expect(work.reports[0].initialised.last?.names == "spatial_blocks.*.k_norm.weight")
  }

  @Test func `a model card settles what PixArt's tensors do not tell`() throws {
    try writePixArt()
    try tiny().writeConfiguration(to: output)
    func licence() throws -> String? {
      try ModelImport(to: output, from: [.transformer: source]).model.index.licences["transformer"]
    }
    #expect(try licence() == PublishedLicence.pixArt)
    try Data("---\ntags:\n- a\nlicense: openrail++\n---\n# PixArt\n".utf8)
      .write(to: folder.url.appending(path: "README.md"))
    #expect(try licence() == "openrail++")
  }

  @Test func `parts of a model of this program keep the licence that it states`() throws {
    var other = TinyModel()
    other.index.licence = "MIT"
    try other.write(to: source)
    try TinyModel().write(to: output)
    let work = try ModelImport(to: output, from: [.audioVAE: source])
    #expect(work.reports[0].licence == "MIT" && work.model.index.licence == "MIT AND not stated")
    #expect(work.model.index.nonCommercialParts == [])
  }

  @Test func `parts that are not named stay, and a stopped import changes nothing`() throws {
    try TinyModel().write(to: output)
    try TinyModel().write(to: source)
    let before = try FileManager.default.subpathsOfDirectory(atPath: folder.url.path).sorted()
    let fingerprint = try ModelDirectory(output).weightsFingerprint
    #expect(throws: CancellationError.self) {
      try ModelImport(to: output, from: [.videoVAE: source]).write { _, _, _ in throw CancellationError() }
    }
    #expect(try FileManager.default.subpathsOfDirectory(atPath: folder.url.path).sorted() == before)
    #expect(try ModelDirectory(output).weightsFingerprint == fingerprint)
    try ModelImport(to: output, from: [.videoVAE: source]).write()
    let model = try ModelDirectory(output)
    _ = try (model.loadTransformer(), model.loadVideoDecoder(), model.loadTokenizer())
    #expect(model.name == "tiny" && model.knownClasses == TinyModel().index.knownClasses)
  }

  @Test func `a text encoder of another width does not come beside a trained transformer`() throws {
    let fixture = try fixture("t5-encoder-a")
    try PublishedCheckpoints.write(fixture.weights, configuration: fixture.configuration, to: source)
    try Data(try T5Tokenizer.train(sentences: TinyModel.sentences, vocabularySize: 40))
      .write(to: source.appending(path: "spiece.model"))
    try TinyModel().write(to: output)
    let file = try ModelDirectory(output).weightsURL(.transformer).path
    #expect(throws: ImportError.captionWidth(transformer: file, width: 16, textEncoder: 40)) {
      try ModelImport(to: output, from: [.textEncoder: source])
    }
  }

  @Test(arguments: [
    ("decoder.*", "decoder.a", true), ("decoder.*", "encoder.a", false), ("pos_embed", "pos_embed", true),
    ("pos_embed", "pos_embed.proj", false), ("a.*.b", "a.1.c.b", true), ("a.*.b", "a.b", false),
    ("*.b", "a.b", true), ("*.b", "a.bc", false),
  ])
  func `patterns of names`(pattern: String, name: String, matches: Bool) {
    #expect(NamePattern(pattern, "").matches(name) == matches)
  }
}
