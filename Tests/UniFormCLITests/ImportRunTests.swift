import Foundation
import Media
import Testing
import Torch
import UniForm

/// `uniform import` as a user runs it, from tiny checkpoints with the published names.
@Suite(.serialized) struct ImportRunTests {
  let place: Workplace

  init() throws { place = try Workplace() }

  /// Releases of every part below `hub`, and a model without weights in `m`.
  private func publish() throws {
    let model = try ModelDirectory(Self.whole(in: place))
    func weights(_ part: ModelDirectory.Part) throws -> Weights {
      try Weights(contentsOf: model.weightsURL(part))
    }
    func json(_ part: ModelDirectory.Part, adding fields: [String: Any]) throws -> Data {
      let data = try Data(contentsOf: model.url.appending(path: "\(part.rawValue)/config.json"))
      let object = try #require(JSONSerialization.jsonObject(with: data) as? [String: Any])
      return try JSONSerialization.data(withJSONObject: object.merging(fields) { $1 })
    }
    let text = place.file("hub/flan-t5-tiny")
    try PublishedCheckpoints.write(
      weights(.textEncoder).adding(["decoder.final_layer_norm.weight": .ones([16])]),
      configuration: json(.textEncoder, adding: ["model_type": "t5", "use_cache": true]), to: text)
    try FileManager.default.copyItem(at: model.tokenizerURL, to: text.appending(path: "spiece.model"))
    try PublishedCheckpoints.write(
      weights(.videoVAE), configuration: json(.videoVAE, adding: ["cal_loss": false]),
      to: place.file("hub/OpenSora-VAE"))
    try PublishedCheckpoints.write(
      weights(.audioVAE).renamed(PublishedCheckpoints.olderAttention),
      configuration: json(.audioVAE, adding: ["_class_name": "AutoencoderKL"]),
      to: place.file("hub/audioldm/vae"), name: "diffusion_pytorch_model")
    try PublishedCheckpoints.write(
      PublishedCheckpoints.originalVocoder(weights(.vocoder)),
      configuration: json(.vocoder, adding: ["model_type": "hifigan"]), to: place.file("hub/audioldm/vocoder")
    )
    let sound = ["audio_", "task_embedder.", "modality_embedding"]
    let plain = try weights(.transformer).renamed { name in
      sound.contains { name.hasPrefix($0) } ? nil : name
    }
    try PublishedCheckpoints.write(
      plain.adding(["rope.freqs": .ones([12])]),
      configuration: Data(
        """
        {"model_type": "STDiT3", "depth": 1, "hidden_size": 48, "num_heads": 2, "caption_channels": 16,
         "model_max_length": 40, "qk_norm": true, "pred_sigma": true, "enable_flash_attn": true}
        """.utf8),
      to: place.file("hub/STDiT3"), tensorsPerShard: 20)
    try TinyModel().writeConfiguration(to: place.file("m"))
  }

  /// A tiny model with all of its weights, to take parts from.
  private static func whole(in place: Workplace) throws -> URL {
    let url = place.file("whole")
    try TinyModel().write(to: url)
    return url
  }

  private static let parts = [
    "--text-encoder", "hub/flan-t5-tiny", "--vae", "hub/OpenSora-VAE", "--audio-vae", "hub/audioldm",
    "--vocoder", "hub/audioldm", "--transformer", "hub/STDiT3",
  ]

  @Test func `a full disk is said of the output, and leaves nothing`() async throws {
    try publish()
    let names = try place.names
    let (process, output, errors) = place.program.process(
      ["import", "--quiet", "--output", "m", "--vae", "hub/OpenSora-VAE"])
    // No file may grow beyond 8 KB.
    process.limit("-f 16")
    try process.run()
    let text = try #require(try errors.fileHandleForReading.readToEnd())
    _ = try output.fileHandleForReading.readToEnd()
    process.waitUntilExit()
    let message = String(decoding: text, as: UTF8.self)
    #expect(process.terminationStatus == 74, "\(message)")
    #expect(message.contains("/m: cannot be written: the disk is full"), "\(message)")
    #expect(try place.names == names)
  }

  @Test func `an imported model generates`() async throws {
    try publish()
    let result = try await place.program.run(["import", "--output", "m"] + Self.parts)
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.output.contains("OpenSora-VAE-v1.2"))
    #expect(result.output.contains("audio_final_layer.*  zero"))
    #expect(result.outputLines.contains { $0.hasPrefix("  ignored") && $0.contains("decoder.*") })
    #expect(result.errorLines.count == 1)
    #expect(result.errors.contains("CC-BY-NC-SA-4.0 forbids commercial use"))

    let info = try await place.program("info", "--model", "m/")
    #expect(info.output.contains("licence    Apache-2.0 AND CC-BY-NC-SA-4.0"))
    #expect(info.output.contains("not for commercial use, because of audio_vae and vocoder"))

    let clip = try await place.program("generate", "--model", "m/", "--prompt", "rain", "--output", "a.mp4")
    #expect(clip.status == 0, "\(clip.errors)")
    let media = try await MediaProbe.probe(place.file("a.mp4"))
    #expect(media.video?.codedWidth == 32 && media.audio != nil)

    let (model, whole) = (try ModelDirectory(place.file("m")), try ModelDirectory(place.file("whole")))
    let mel = Tensor.randn([1, 4, 64], generator: Generator(seed: 1))
    let sounds = (try model.loadVocoder()(mel), try whole.loadVocoder()(mel))
    #expect(Difference(sounds.0, sounds.1).absolute < 1e-5)
  }

  @Test func `JSON tells what became of every part`() async throws {
    try publish()
    let result = try await place.program.run(
      ["import", "--output", "m", "--json", "--dtype", "bfloat16", "--seed", "3"] + Self.parts)
    #expect(result.status == 0, "\(result.errors)")
    let events = try result.outputLines.map {
      try #require(try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any])
    }
    let parts = events.compactMap { $0["part"] as? [String: Any] }
    #expect(
      parts.compactMap { $0["part"] as? String } == [
        "text_encoder", "vae", "audio_vae", "vocoder", "transformer",
      ])
    let network = try #require(parts.last)
    #expect(network["licence"] as? String == "Apache-2.0")
    #expect((network["initialised"] as? [[String: Any]])?.count == 4)
    #expect((network["ignored"] as? [[String: Any]])?.first?["names"] as? String == "rope.freqs")
    #expect(Set(events.compactMap { $0["event"] as? String }) == ["progress", "part", "warning", "done"])
    let file = try SafeTensors(contentsOf: ModelDirectory(place.file("m")).weightsURL(.transformer))
    #expect(file.entries.values.allSatisfy { $0.dtype == .bfloat16 })
  }

  @Test func `a new model has the paper's configuration and waits for its other parts`() async throws {
    try publish()
    let tokenizer = "hub/flan-t5-tiny/spiece.model"
    let result = try await place.program("import", "--output", "new", "--tokenizer", tokenizer)
    #expect(result.status == 0, "\(result.errors)")
    #expect(
      result.output.contains("still without weights: text_encoder, transformer, vae, audio_vae, vocoder"))
    let info = try await place.program("info", "--model", "new/")
    #expect(info.output.contains("transformer   1,204,470,208 parameters  no weights"))
    let clip = try await place.program("generate", "--model", "new/", "--prompt", "rain", "--output", "a.mp4")
    #expect(clip.status == 66 && clip.errors.contains("model.safetensors: is missing"))
  }

  @Test(arguments: [
    (["import", "--output", "m"], 64, "nothing to import"),
    (["import", "--vae", "hub/OpenSora-VAE"], 64, "--output"),
    (["import", "--output", "m", "--vae", "a", "--json", "--quiet"], 64, "--json and --quiet"),
    (["import", "--output", "m", "--vae", "a", "--qk-norm"], 64, "--qk-norm needs --transformer"),
    (["import", "--output", "m", "--vae", "a", "--dtype", "int8"], 64, "int8"),
    (["import", "--output", "m", "--vae", "nothing"], 66, "nothing: there is no such file"),
    (["import", "--output", "m", "--vae", "a.ckpt"], 65, "a.ckpt: is a pickle"),
    (["import", "--output", "m", "--vae", "m"], 66, "m: holds no .safetensors"),
    (["import", "--output", "hub", "--vae", "hub/OpenSora-VAE"], 73, "hub: exists and is no model"),
    (["import", "--output", "no/m", "--vae", "hub/OpenSora-VAE"], 73, "no/m: the folder"),
    (["import", "--output", "m", "--vocoder", "hub/OpenSora-VAE"], 65, "unknown key"),
    (["import", "--output", "m", "--transformer", "hub/OpenSora-VAE"], 65, "STDiT-v3, PixArt"),
    (["import", "--output", "m", "--transformer", "hub/STDiT3", "--qk-norm"], 65, "no PixArt"),
  ])
  func `failures are one line and change nothing`(
    arguments: [String], status: Int32, text: String
  ) async throws {
    try publish()
    try place.write("PK", to: "a.ckpt")
    let before = try FileManager.default.subpathsOfDirectory(atPath: place.folder.path).sorted()
    let result = try await place.program.run(arguments)
    #expect(result.status == status, "\(result.errors)")
    #expect(result.errorLines.count == 1 && result.errors.contains(text), "\(result.errors)")
    #expect(result.output == "")
    #expect(try FileManager.default.subpathsOfDirectory(atPath: place.folder.path).sorted() == before)
  }
}
