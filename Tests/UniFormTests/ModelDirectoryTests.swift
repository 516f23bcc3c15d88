import Foundation
import Media
import Testing
import Torch

@testable import UniForm

@Suite("Model directory") struct ModelDirectoryTests {
  let folder: TemporaryFolder
  var url: URL { folder.url }

  init() throws {
    folder = try TemporaryFolder()
    try TinyModel().write(to: folder.url)
  }

  @Test("opens what was written, and every part loads")
  func opens() throws {
    let model = try ModelDirectory(url)
    let written = TinyModel()
    #expect(model.index == written.index && model.transformer == written.transformer)
    #expect(model.vocoder == written.vocoder && model.videoVAE == written.videoVAE)
    _ = try (model.loadTokenizer(), model.loadTextEncoder(), model.loadTransformer(), model.loadVocoder())
    _ = try (model.loadVideoEncoder(), model.loadVideoDecoder())
    _ = try (model.loadAudioEncoder(), model.loadAudioDecoder())
  }

  @Test("lists the parts as diffusers does")
  func index() throws {
    let json = try Data(contentsOf: url.appending(path: "model_index.json"))
    let fields = try #require(JSONSerialization.jsonObject(with: json) as? [String: Any])
    #expect(fields["_class_name"] as? String == "UniFormPipeline")
    #expect(fields["transformer"] as? [String] == ["uniform", "UniFormDiT"])
  }

  @Test("finds a path as it is and a bare name below the given folders")
  func locates() throws {
    let models = url.deletingLastPathComponent()
    let name = url.lastPathComponent
    #expect(try ModelDirectory.locate(name, in: [models]).standardized.path == url.standardized.path)
    #expect(try ModelDirectory.locate(url.path).path == url.path)
    #expect(throws: ModelError.unknownModel("no-such-model", searched: [models.path])) {
      try ModelDirectory.locate("no-such-model", in: [models])
    }
  }

  @Test(
    "a missing file is named when the directory is opened",
    arguments: [
      "text_encoder/config.json", "transformer/config.json", "scheduler/scheduler_config.json",
      "vae/config.json", "audio_vae/config.json", "mel/config.json", "vocoder/config.json",
      "tokenizer/spiece.model", "text_encoder/model.safetensors",
      "transformer/diffusion_pytorch_model.safetensors", "vae/diffusion_pytorch_model.safetensors",
      "audio_vae/diffusion_pytorch_model.safetensors", "vocoder/model.safetensors",
    ])
  func missing(path: String) throws {
    let file = url.appending(path: path)
    try FileManager.default.removeItem(at: file)
    #expect(throws: ModelError.missingFile(path: file.path)) { try ModelDirectory(url) }
  }

  @Test("a pickle in place of weights is refused with the way out")
  func pickle() throws {
    let folder = url.appending(path: "text_encoder")
    try FileManager.default.moveItem(
      at: folder.appending(path: "model.safetensors"), to: folder.appending(path: "pytorch_model.bin"))
    expectOneLine("text_encoder/pytorch_model.bin", "Scripts/convert-checkpoint") { try ModelDirectory(url) }
  }

  @Test("a number that no type holds is named as such")
  func hugeNumber() throws {
    try change("transformer/config.json", "hidden_size", "1e30")
    expectOneLine("transformer/config.json", "\"hidden_size\" is too large") { try ModelDirectory(url) }
  }

  @Test("a vocabulary that is none says so")
  func junkVocabulary() throws {
    try Data("junk".utf8).write(to: url.appending(path: "tokenizer/spiece.model"))
    expectOneLine("spiece.model", "cannot be parsed") { try ModelDirectory(url).loadTokenizer() }
  }

  @Test(
    "a model of damaged weights gives an error and no clip",
    arguments: [
      (ModelDirectory.Part.transformer, GenerationProgress.Stage.denoising),
      (.videoVAE, .decodingVideo), (.audioVAE, .decodingAudio), (.vocoder, .vocoding),
    ])
  func damaged(part: ModelDirectory.Part, stage: GenerationProgress.Stage) throws {
    let file = url.appending(path: "\(part.rawValue)/\(part.weightsName)")
    let tensors = try Weights(contentsOf: file).items.map { name, item in
      (name, try item.load() * (name.hasSuffix(".bias") ? .nan : 1))
    }
    try SafeTensors.write(tensors, to: file)
    let pipeline = try UniFormPipeline(ModelDirectory(url), dtype: .float32)
    #expect(throws: GenerationError.notFinite(stage)) { try pipeline.generate(GenerationRequest()) }
  }

  @Test("what is no model directory is told apart")
  func notAModel() throws {
    let none = url.appending(path: "nothing")
    #expect(throws: ModelError.unknownModel(none.path, searched: [])) { try ModelDirectory(none) }
    let file = url.appending(path: "model_index.json")
    #expect(throws: ModelError.notAModel(path: file.path, reason: "it is a file")) {
      try ModelDirectory(file)
    }
    let empty = try TemporaryFolder()
    #expect(throws: ModelError.notAModel(path: empty.url.path, reason: "it has no model_index.json")) {
      try ModelDirectory(empty.url)
    }
    try Data(#"{"_class_name": "FluxPipeline"}"#.utf8).write(to: file)
    expectOneLine("model_index.json", "_class_name", "FluxPipeline") { try ModelDirectory(url) }
  }

  @Test(
    "unknown and impossible values of a configuration are named with file and key",
    arguments: [
      ("transformer/config.json", "depht", "3"), ("transformer/config.json", "num_heads", "7"),
      ("vocoder/config.json", "upsample_rates", "[5]"), ("mel/config.json", "hop", "\"x\""),
      ("model_index.json", "geometry", #"{"width": 33}"#),
      ("model_index.json", "defaults", #"{"steps": 0}"#), ("scheduler/scheduler_config.json", "rho", "1"),
    ])
  func badValue(path: String, key: String, value: String) throws {
    try change(path, key, value)
    expectOneLine(path, key == "geometry" ? "33" : key == "defaults" ? "steps" : key) {
      try ModelDirectory(url)
    }
  }

  @Test(
    "parts that do not fit together are named with file and key",
    arguments: [
      ("transformer", "caption_channels", "32"), ("transformer", "audio_frequencies", "8"),
      ("transformer", "audio_steps_per_frame", "4"), ("transformer", "audio_channels", "4"),
      ("audio_vae", "latent_channels", "4"), ("audio_vae", "downsample_strides", "[[2, 2], [1, 2]]"),
      ("vae", "micro_frame_size", "16"), ("mel", "n_mels", "80"), ("mel", "hop", "200"),
      ("vocoder", "model_in_dim", "80"), ("vocoder", "sampling_rate", "22050"),
    ])
  func inconsistent(part: String, key: String, value: String) throws {
    try change("\(part)/config.json", key, value)
    expectOneLine("\(part)/config.json", "\"\(key)\"") { try ModelDirectory(url) }
  }

  @Test("a vocabulary larger than the text encoder is refused")
  func vocabulary() throws {
    try change("text_encoder/config.json", "vocab_size", "20")
    expectOneLine("text_encoder/config.json", "vocab_size") { try ModelDirectory(url).loadTokenizer() }
  }

  @Test(
    "truncated weights end in one line before anything is generated",
    arguments: ModelDirectory.Part.allCases, [100, 5_000])
  func truncated(part: ModelDirectory.Part, count: Int) throws {
    let file = url.appending(path: part.rawValue).appending(path: part.weightsName)
    try Data(contentsOf: file).prefix(count).write(to: file)
    expectOneLine(file.path, "") { try generateAnything() }
  }

  @Test("wrong shapes, missing and unknown tensors end in one line", arguments: ModelDirectory.Part.allCases)
  func wrongTensors(part: ModelDirectory.Part) throws {
    let file = url.appending(path: part.rawValue).appending(path: part.weightsName)
    let original = try SafeTensors(contentsOf: file)
    let names = original.entries.keys.sorted()
    // The decoders are what generation needs; encoders are not even looked at.
    let name = try #require(names.first { !$0.contains("encoder.") || part == .textEncoder })
    let tensors = try names.map { (name: $0, tensor: try original.tensor($0).cloned) }
    try SafeTensors.write(tensors.filter { $0.name != name }, to: file)
    expectOneLine(file.path, name) { try generateAnything() }
    try SafeTensors.write(tensors + [("surplus.weight", .zeros([1]))], to: file)
    expectOneLine(file.path, "surplus.weight") { try generateAnything() }
    try SafeTensors.write(
      tensors.map { $0.name == name ? ($0.name, .zeros([1, 2, 3, 4, 5, 6])) : $0 }, to: file)
    expectOneLine(file.path, "[1, 2, 3, 4, 5, 6]") { try generateAnything() }
  }

  @Test("sixteen-bit and sharded weights give a clip, and another fingerprint")
  func otherFiles() throws {
    let before = try ModelDirectory(url).weightsFingerprint
    let again = try ModelDirectory(url).weightsFingerprint
    #expect(before.count == 16 && before == again)
    let file = url.appending(path: "transformer/diffusion_pytorch_model.safetensors")
    let original = try SafeTensors(contentsOf: file)
    let names = original.entries.keys.sorted()
    try FileManager.default.removeItem(at: file)
    var map: [String: String] = [:]
    for (shard, part) in [names.prefix(10), names.dropFirst(10)].enumerated() {
      let name = "diffusion_pytorch_model-0000\(shard + 1)-of-00002.safetensors"
      try SafeTensors.write(
        part.map { ($0, try original.tensor($0).to(.bfloat16)) },
        to: file.deletingLastPathComponent().appending(path: name))
      for key in part { map[key] = name }
    }
    try JSONSerialization.data(withJSONObject: ["weight_map": map])
      .write(to: file.appendingPathExtension("index.json"))
    let model = try ModelDirectory(url)
    #expect(model.weightsFingerprint != before)
    #expect(try UniFormPipeline(model).generate(GenerationRequest())[0].video?.count == 17)
    let shard = url.appending(path: "transformer/diffusion_pytorch_model-00002-of-00002.safetensors")
    var bytes = try Data(contentsOf: shard)
    bytes[bytes.count - 1] ^= 1
    let sharded = model.weightsFingerprint
    try bytes.write(to: shard)
    #expect(model.weightsFingerprint != sharded)
  }

  // MARK: Helpers

  private func generateAnything() throws {
    _ = try UniFormPipeline(ModelDirectory(url)).generate(GenerationRequest(prompt: "rain", steps: 1)) {
      #expect($0.stage != .denoising, "found only after work was done")
      return true
    }
  }

  private func change(_ path: String, _ key: String, _ value: String) throws {
    let file = url.appending(path: path)
    var fields = try #require(
      JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [String: Any])
    fields[key] = try JSONSerialization.jsonObject(with: Data(value.utf8), options: .fragmentsAllowed)
    try JSONSerialization.data(withJSONObject: fields).write(to: file)
  }

  private func expectOneLine(_ fragments: String..., of body: () throws -> some Any) {
    do {
      _ = try body()
      Issue.record("nothing was thrown")
    } catch {
      let text = "\(error)"
      #expect(!text.contains("\n"))
      for fragment in fragments { #expect(text.contains(fragment) || fragment.isEmpty, "\(text)") }
    }
  }
}
