import Foundation
import Media
import Testing
import Torch
import UniForm

/// Training as a user runs it, in processes that are killed, interrupted and started again.
@Suite(.serialized) struct TrainRunTests {
  let place: Workplace

  init() throws { place = try Workplace(model: true) }

  private func train(_ settings: String...) async throws -> Program.Result {
    try await place.program.run(["train", "train.json"] + settings.flatMap { ["--set", $0] })
  }

  @Test func `a run leaves weights, configuration, metrics and samples`() async throws {
    try place.prepareTraining(
      steps: 4,
      settings: [
        "recipe": [
          "data": "clips", "train_text_encoder": true,
          "samples": ["every": 2, "prompts": ["rain"], "steps": 1],
        ]
      ])
    let before = try ModelDirectory(place.file("model")).weightsFingerprint
    let result = try await train("optimization.warmup_steps=2")
    #expect(result.status == 0, "\(result.errors)")
    #expect(try ModelDirectory(place.file("model")).weightsFingerprint != before)
    let configuration = try String(contentsOf: place.file("run/config.json"), encoding: .utf8)
    #expect(
      configuration.contains("\"warmup_steps\" : 2") && configuration.contains("\"ema_decay\" : 0.9999"))
    #expect(try place.losses().map(\.step) == [1, 2, 3, 4])
    let samples = try FileManager.default.contentsOfDirectory(atPath: place.file("run/samples").path).sorted()
    #expect(
      samples.filter { $0.hasSuffix(".png") } == ["step-000000002-1-t2av.png", "step-000000004-1-t2av.png"])
    #expect(
      try await MediaProbe.probe(place.file("run/samples/step-000000004-1-t2av.mp4")).video?.codedWidth == 32)

    let plot = try await place.program("plot", "run")
    #expect(plot.status == 0, "\(plot.errors)")
    #expect(plot.output == "Wrote run/curves.png\n")
    #expect(FileManager.default.fileExists(atPath: place.file("run/curves.png").path))
  }

  /// What an unfinished run has learned can be had without going on.
  @Test func `--export writes the weights of the last checkpoint`() async throws {
    try place.prepareTraining(steps: 8, checkpointEvery: 2)
    func export() async throws -> Program.Result {
      try await place.program("train", "train.json", "--export")
    }
    let early = try await export()
    #expect(early.status == 64 && early.errors.contains("--export: run has no checkpoint"), "\(early.errors)")
    #expect(!FileManager.default.fileExists(atPath: place.file("run").path))
    #expect(try await train().status == 0)
    let whole = try ModelDirectory(place.file("model")).weightsFingerprint
    let checkpoints = place.file("run/checkpoints")
    let names = try FileManager.default.contentsOfDirectory(atPath: checkpoints.path)
    for name in names where name.contains("008") {
      try FileManager.default.removeItem(at: checkpoints.appending(path: name))
    }
    let result = try await export()
    #expect(result.status == 0 && result.errors.contains("the weights after step 6 of 8"), "\(result.errors)")
    let exported = try ModelDirectory(place.file("model")).weightsFingerprint
    #expect(exported != whole)
    // What was not trained is still ahead, and ends the same.
    #expect(try await train().status == 0)
    #expect(try ModelDirectory(place.file("model")).weightsFingerprint == whole)
    #expect(try place.losses().map(\.step) == Array(1...8))
  }

  /// Killed again and again, at moments that differ: the end is the same, bit for bit.
  @Test func `a run that is killed at any moment ends as if nothing had happened`() async throws {
    try place.prepareTraining(steps: 40, checkpointEvery: 2)
    #expect(try await train("run=whole").status == 0)
    let whole = try place.lastCheckpoint("whole")
    #expect(whole.step == 40)

    var kills = 0
    for attempt in 0..<20 {
      let (process, output, errors) = place.program.process(["train", "train.json"])
      try process.run()
      // Once something new was logged, and a little later each time.
      let metrics = place.file("run/metrics.jsonl")
      let seen = (try? Data(contentsOf: metrics).count) ?? 0
      DispatchQueue.global().async {
        while process.isRunning && ((try? Data(contentsOf: metrics).count) ?? 0) <= seen { usleep(2_000) }
        usleep(UInt32(attempt % 5) * 7_000)
        if attempt < 5 { kill(process.processIdentifier, SIGKILL) }
      }
      let text = await Self.ended(process, output, errors)
      if process.terminationReason == .uncaughtSignal {
        kills += 1
      } else {
        #expect(text.status == 0, "\(text.errors)")
      }
      if process.terminationReason == .exit { break }
    }
    #expect(kills >= 2)
    let killed = try place.lastCheckpoint()
    #expect(killed.step == 40 && killed.tensors == whole.tensors)
    #expect(try place.losses().map(\.step) == Array(1...40))
    #expect(try place.losses().map(\.loss) == place.losses("whole").map(\.loss))
  }

  private static func ended(_ process: Process, _ output: Pipe, _ errors: Pipe) async -> (
    status: Int32, errors: String
  ) {
    await withCheckedContinuation { continuation in
      DispatchQueue.global().async {
        let text = errors.fileHandleForReading.readDataToEndOfFile()
        _ = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        continuation.resume(returning: (process.terminationStatus, String(decoding: text, as: UTF8.self)))
      }
    }
  }

  @Test func `Ctrl-C saves, and the same command goes on`() async throws {
    try place.prepareTraining(steps: 2_000, checkpointEvery: 1_000)
    let metrics = place.file("run/metrics.jsonl").path
    let (result, _) = try await place.program.interrupted(["train", "train.json"]) {
      (try? Data(contentsOf: URL(filePath: metrics)).count) ?? 0 > 100
    }
    #expect(result.status == 130, "\(result.errors)")
    let step = try place.lastCheckpoint().step
    #expect(step > 0 && step < 2_000)
    let again = try await train("optimization.steps=\(step + 1)")
    #expect(again.status == 0, "\(again.errors)")
    #expect(again.errors.contains("continuing at step \(step) of \(step + 1)"))
  }

  @Test func `a full disk stops training and leaves the last good checkpoint`() async throws {
    try place.prepareTraining(steps: 6, checkpointEvery: 2)
    #expect(try await train("optimization.steps=2").status == 0)
    let good = try place.lastCheckpoint()
    // No file may grow beyond this many blocks of 512 bytes: half of a checkpoint.
    let size = try #require(
      try FileManager.default.attributesOfItem(
        atPath: place.file("run/checkpoints/step-000000002.safetensors").path)[.size] as? Int)
    let (process, output, errors) = place.program.process(
      ["train", "train.json", "--set", "log.tensorboard=false"])
    process.limit("-f \(size / 1024)")
    try process.run()
    let result = await Self.ended(process, output, errors)
    #expect(result.status == 74, "\(result.errors)")
    #expect(result.errors.contains("the checkpoint of step 4 could not be written"))
    #expect(result.errors.contains("the one of step 2 is intact"))
    #expect(try place.lastCheckpoint().tensors == good.tensors)
    #expect(
      try FileManager.default.contentsOfDirectory(atPath: place.file("run/checkpoints").path).count == 2)
  }

  @Test func `what cannot be trained is one line`() async throws {
    try place.prepareTraining(steps: 2)
    for (setting, status, message) in [
      ("optimization.step=4", Int32(65), "unknown key \"optimization.step\""), ("workers", 64, "--set: "),
      ("model=nowhere", 66, "nowhere"), ("recipe.data=nowhere", 66, "nowhere"),
      ("workers=3", 65, "a batch of 4 does not divide into 3 equal parts"),
    ] {
      let result = try await train(setting)
      #expect(result.status == status, "\(setting): \(result.errors)")
      #expect(result.errorLines.last?.contains(message) == true, "\(result.errors)")
      #expect(result.errors.contains("Fatal") == false)
    }
    #expect(try await train().status == 0)
    let other = try await train("optimization.learning_rate=0.5", "optimization.steps=9")
    #expect(other.status == 65)
    #expect(other.errors.contains("was made with optimization.learning_rate 0.003, which is 0.5 now"))
    // Where the model and the data lie does not matter, and what is in them does.
    let manager = FileManager.default
    try manager.moveItem(at: place.file("clips"), to: place.file("moved"))
    let moved = try await train("recipe.data=moved", "model=./model", "optimization.steps=3")
    #expect(moved.status == 0, "\(moved.errors)")
    let configuration = place.file("model/transformer/config.json")
    var text = try String(contentsOf: configuration, encoding: .utf8)
    let edited = text.replacing(#/"class_dropout_prob" : [\d.]+/#, with: "\"class_dropout_prob\" : 0.25")
    #expect(edited != text)
    text = edited
    try Data(text.utf8).write(to: configuration)
    let changed = try await train("recipe.data=moved", "optimization.steps=4")
    #expect(changed.status == 65)
    #expect(
      changed.errors.contains("was made with transformer.class_dropout_prob")
        && changed.errors.contains("which is 0.25 now"), "\(changed.errors)")
    let missing = try await place.program("plot", "nowhere")
    #expect(missing.status == 66)
  }

  @Test func `a decoder that is trained alone leaves the latents as they were`() async throws {
    try place.prepareTraining(
      steps: 2,
      settings: [
        "train": "video-vae",
        "recipe": ["clips": 2, "decoder_only": true, "psnr_weight": 1] as [String: Any],
      ])
    let alone = try await train()
    #expect(alone.status == 64)
    #expect(alone.errorLines.last?.contains("begin_from") == true, "\(alone.errors)")
    func encoded(_ name: String) async throws -> Data {
      let result = try await place.program("encode", "in.mp4", "--model", "./model", "--output", name)
      #expect(result.status == 0, "\(result.errors)")
      let file = try SafeTensors(contentsOf: place.file(name))
      return try file.tensor("video").floats.withUnsafeBytes { Data($0) }
    }
    func weights() throws -> Data {
      try Data(contentsOf: place.file("model/vae/diffusion_pytorch_model.safetensors"))
    }
    let clip = try await place.program(
      "generate", "--model", "./model", "--prompt", "rain", "--steps", "1", "--output", "in.mp4")
    #expect(clip.status == 0, "\(clip.errors)")
    // Weights ship in 16 bits; those of the tiny model are wider, so the first run rounds them.
    try FileManager.default.copyItem(at: place.file("model"), to: place.file("first"))
    #expect(try await train("begin_from=first").status == 0)
    let (latents, decoder) = (try await encoded("a.safetensors"), try weights())
    try FileManager.default.copyItem(at: place.file("model"), to: place.file("second"))
    #expect(try await train("begin_from=second", "run=again").status == 0)
    #expect(try await encoded("b.safetensors") == latents)
    #expect(try weights() != decoder)
  }

  @Test func `adapters are written small and change what is generated`() async throws {
    try place.prepareTraining(
      steps: 3, settings: ["recipe": ["data": "clips", "lora": ["rank": 2, "alpha": 64]] as [String: Any]])
    #expect(try await train().status == 0)
    func generate(_ name: String, _ extra: String...) async throws -> Program.Result {
      try await place.program.run(
        ["generate", "--model", "./model", "--prompt", "rain", "--seed", "1", "--output", name] + extra)
    }
    #expect(try await generate("plain.wav").status == 0)
    let adapted = try await generate("adapted.wav", "--lora", "run/lora.safetensors:2")
    #expect(adapted.status == 0, "\(adapted.errors)")
    let adaptedClip = try await generate("adapted.mp4", "--lora", "run/lora.safetensors:2", "--json")
    #expect(adaptedClip.output.contains("\"adapters\":[\"lora.safetensors:2.0\"]"))
    #expect(try Data(contentsOf: place.file("plain.wav")) != Data(contentsOf: place.file("adapted.wav")))
    for (lora, status) in [
      ("nowhere.safetensors", Int32(66)), ("run/lora.safetensors:x", 64),
      ("model/vae/diffusion_pytorch_model.safetensors", 65),
    ] {
      let result = try await generate("bad.wav", "--lora", lora)
      #expect(result.status == status, "\(lora): \(result.errors)")
    }
  }
}
