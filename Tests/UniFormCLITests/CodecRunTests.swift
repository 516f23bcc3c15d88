import Foundation
import Media
import Testing
import Torch
import UniForm

/// The codecs and the text encoder, as a user runs them.
@Suite(.serialized) struct CodecRunTests {
  let place: Workplace

  init() throws { place = try Workplace(model: true) }

  private func run(_ command: String, _ arguments: String..., model: String = "tiny") async throws
    -> Program.Result
  {
    try await place.program.run([command, "--model", model] + arguments)
  }

  private func tensors(_ name: String) throws -> SafeTensors { try SafeTensors(contentsOf: place.file(name)) }

  @Test(arguments: [1.0, 1.5, 0.5])
  func `a clip becomes latents and a clip of the same length again`(seconds: Double) async throws {
    try await place.clip("in.mp4", seconds: seconds)
    let encoded = try await run("encode", "in.mp4", "--output", "x.safetensors")
    #expect(encoded.status == 0 && encoded.errors == "", "\(encoded.errors)")
    let coded = Int(seconds.rounded(.up))
    #expect(
      encoded.outputLines.last?.hasPrefix(
        "Wrote x.safetensors: video 1×4×\(5 * coded)×4×4, audio 1×8×\(25 * coded)×16 (") == true)
    let file = try tensors("x.safetensors")
    #expect(file.entries["video"]?.shape == [1, 4, 5 * coded, 4, 4])
    #expect(file.entries["audio"]?.shape == [1, 8, 25 * coded, 16])
    #expect(file.metadata["source"] == "in.mp4" && file.metadata["model"] == "tiny")
    #expect(file.metadata["posterior"] == "mode" && file.metadata["units"] == "normalised")

    let decoded = try await run("decode", "x.safetensors", "--output", "out.mp4")
    #expect(decoded.status == 0 && decoded.errors == "", "\(decoded.errors)")
    let clip = try await MediaProbe.probe(place.file("out.mp4"))
    #expect(clip.video?.codedWidth == 32)
    #expect(abs(try #require(clip.videoSeconds) - seconds) < 0.06)
    #expect(abs(try #require(clip.audioSeconds) - seconds) < 0.06)
  }

  @Test func `latents are those that a condition of the same clip has`() async throws {
    try await place.clip("in.mp4")
    _ = try await run("encode", "in.mp4", "--output", "x.safetensors")
    let pipeline = try UniFormPipeline(
      ModelDirectory(Workplace.models.appending(path: "tiny")), dtype: .float32)
    let frames = try await VideoReader.read(
      place.file("in.mp4"), seconds: 1, frameRate: 17, width: 32, height: 32)
    let sound = try await AudioReader.read(place.file("in.mp4"), seconds: 1, sampleRate: 16_000)
    let file = try tensors("x.safetensors")
    let video = try pipeline.latents(GenerationRequest(condition: .video(frames), steps: 1)).video
    #expect(try file.tensor("video").floats == video.floats)
    let audio = try pipeline.latents(GenerationRequest(condition: .audio(sound), steps: 1)).audio
    #expect(try file.tensor("audio").floats == audio.floats)
  }

  @Test(arguments: ["mp4", "webm", "gif", "wav", "png"])
  func `decode writes what the ending says`(ending: String) async throws {
    try await place.clip("in.mp4")
    _ = try await run("encode", "in.mp4", "--output", "x.safetensors")
    let result = try await run("decode", "x.safetensors", "--output", "out.\(ending)", "--quiet")
    #expect(result.status == 0 && result.output == "" && result.errors == "", "\(result.errors)")
    let clip = try await MediaProbe.probe(place.file("out.\(ending)"))
    #expect((clip.video != nil) == (ending != "wav"))
    #expect((clip.audio != nil) == ["mp4", "webm", "wav"].contains(ending))
  }

  @Test func `one of picture and sound is encoded where only one is wanted or there`() async throws {
    try await place.clip("in.mp4")
    try await place.clip("in.wav", video: false)
    for (input, option, name) in [
      ("in.mp4", ["--video-only"], "video"), ("in.mp4", ["--audio-only"], "audio"), ("in.wav", [], "audio"),
    ] {
      let result = try await place.program.run(
        ["encode", "--model", "tiny", input, "--output", "x.safetensors"] + option)
      #expect(result.status == 0, "\(result.errors)")
      #expect(try tensors("x.safetensors").entries.keys.sorted() == [name])
      let decoded = try await run("decode", "x.safetensors", "--output", "out.mp4")
      #expect(decoded.status == 0, "\(decoded.errors)")
      let clip = try await MediaProbe.probe(place.file("out.mp4"))
      #expect((clip.video != nil) == (name == "video") && (clip.audio != nil) == (name == "audio"))
    }
    let empty = try await run("decode", "x.safetensors", "--output", "out.gif")
    #expect(empty.status == 64 && empty.errors.contains("have no pictures"), "\(empty.errors)")
  }

  @Test func `a codec needs no weights but its own`() async throws {
    let model = place.file("part")
    try FileManager.default.copyItem(at: Workplace.models.appending(path: "tiny"), to: model)
    for name in ["transformer", "vocoder", "audio_vae"] {
      let folder = model.appending(path: name)
      for file in try FileManager.default.contentsOfDirectory(atPath: folder.path)
      where file.hasSuffix(".safetensors") {
        try FileManager.default.removeItem(at: folder.appending(path: file))
      }
    }
    try await place.clip("in.mp4")
    let encoded = try await run(
      "encode", "in.mp4", "--video-only", "--output", "x.safetensors", model: model.path)
    #expect(encoded.status == 0 && encoded.errors == "", "\(encoded.errors)")
    let decoded = try await run("decode", "x.safetensors", "--output", "x.gif", model: model.path)
    #expect(decoded.status == 0 && decoded.errors == "", "\(decoded.errors)")
    #expect(try await run("embed", "rain", "--output", "t.safetensors", model: model.path).status == 0)
    let both = try await run("encode", "in.mp4", "--output", "y.safetensors", model: model.path)
    #expect(both.status == 66 && both.errorLines.count == 1, "\(both.errors)")
    #expect(both.errors.contains("audio_vae/diffusion_pytorch_model.safetensors: is missing"))
  }

  @Test func `latents of another size or aspect become a clip of it`() async throws {
    try await place.clip("in.mp4")  // 48 × 36
    for (option, value, size) in [("--size", "64x40", (64, 40)), ("--aspect", "input", (48, 32))] {
      let encoded = try await run("encode", "in.mp4", option, value, "--output", "x.safetensors")
      #expect(encoded.status == 0, "\(encoded.errors)")
      #expect(try tensors("x.safetensors").entries["video"]?.shape == [1, 4, 5, size.1 / 8, size.0 / 8])
      let decoded = try await run("decode", "x.safetensors", "--output", "out.mp4")
      #expect(decoded.status == 0, "\(decoded.errors)")
      let video = try #require(try await MediaProbe.probe(place.file("out.mp4")).video)
      #expect((video.codedWidth, video.codedHeight) == size)
    }
  }

  @Test func `a sample follows its seed and differs from the mode`() async throws {
    try await place.clip("in.mp4", seconds: 2)
    var values: [String: [Float]] = [:]
    for (name, options) in [
      ("mode", []), ("a", ["--sample", "--seed", "1"]), ("b", ["--sample", "--seed", "1", "--threads", "1"]),
      ("c", ["--sample", "--seed", "2"]),
    ] {
      let arguments = ["encode", "--model", "tiny", "in.mp4", "--output", "\(name).safetensors"] + options
      #expect(try await place.program.run(arguments).status == 0)
      values[name] = try tensors("\(name).safetensors").tensor("video").floats
    }
    #expect(values["a"] == values["b"])
    #expect(values["a"] != values["c"] && values["a"] != values["mode"])
    #expect(try tensors("a.safetensors").metadata["seed"] == "1")
  }

  @Test func `a part is encoded, and what the input lacks is said`() async throws {
    try await place.clip("in.mp4", seconds: 3)
    let part = try await run(
      "encode", "in.mp4", "--start", "1", "--seconds", "1", "--output", "a.safetensors")
    #expect(part.status == 0 && part.errors == "", "\(part.errors)")
    #expect(try tensors("a.safetensors").metadata["start"] == "1.0")
    #expect(try tensors("a.safetensors").metadata["seconds"] == "1.0")
    let short = try await run("encode", "in.mp4", "--seconds", "5", "--output", "b.safetensors")
    #expect(short.status == 0)
    #expect(short.errors.contains("warning: 'in.mp4' ends after 3 s"), "\(short.errors)")
    #expect(try tensors("b.safetensors").entries["video"]?.shape[2] == 15)
  }

  @Test func `what does not say how long it is, is encoded to its end`() async throws {
    try await place.clip("in.mp4", seconds: 2)
    try await place.live("live.mkv", from: "in.mp4")
    let result = try await run("encode", "live.mkv", "--output", "x.safetensors")
    #expect(result.status == 0 && result.errors == "", "\(result.errors)")
    #expect(try tensors("x.safetensors").entries["video"]?.shape[2] == 10)
  }

  @Test(.timeLimit(.minutes(1))) func `a pipe is no file of latents`() async throws {
    try #require(mkfifo(place.file("x.safetensors").path, 0o600) == 0)
    let result = try await run("decode", "x.safetensors", "--output", "out.mp4")
    #expect(result.status == 66, "\(result.errors)")
    #expect(result.errorLines.count == 1 && result.errors.contains("is not a regular file"))
  }

  @Test func `texts may come from a pipe`() async throws {
    let (process, _, errors) = place.program.process([
      "embed", "--model", "tiny", "--file", "/dev/stdin", "--output", "x.safetensors", "--quiet",
    ])
    let input = Pipe()
    process.standardInput = input
    try input.fileHandleForWriting.write(contentsOf: Data("rain\na bell\n".utf8))
    try process.run()
    try input.fileHandleForWriting.close()
    let text = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    #expect(process.terminationStatus == 0, "\(text)")
    #expect(try tensors("x.safetensors").entries["states"]?.shape[0] == 2)
  }

  @Test func `texts become states, each as if it were alone`() async throws {
    try place.write("rain on a roof\n\nHeavy rain over the beach beside the road\n", to: "captions.txt")
    let result = try await run("embed", "--file", "captions.txt", "--output", "all.safetensors", "--json")
    #expect(result.status == 0 && result.errors == "", "\(result.errors)")
    let event = try #require(result.outputLines.last)
    #expect(event.contains("\"written\"") && event.contains("\"shapes\":{\"states\":[3,"))
    let all = try tensors("all.safetensors")
    #expect(all.entries.keys.sorted() == ["ids", "mask", "states"])
    let (states, mask) = (try all.tensor("states"), try all.tensor("mask"))
    let length = states.size(1)
    #expect(states.shape == [3, length, 16] && mask.shape == [3, length])
    #expect(try all.tensor("ids").shape == [3, length])
    // The empty line is the end of a text and nothing else.
    #expect(mask.selected(0, 1).values(as: Int.self) == [1] + Array(repeating: 0, count: length - 1))

    #expect(try await run("embed", "  RAIN on a roof", "--output", "one.safetensors").status == 0)
    let alone = try tensors("one.safetensors").tensor("states")
    #expect(
      states.narrowed(0, start: 0, length: 1).narrowed(1, start: 0, length: alone.size(1)).floats
        == alone.floats)
    let rest = states.selected(0, 0).narrowed(0, start: alone.size(1), length: length - alone.size(1))
    #expect(rest.count > 0 && rest.floats.allSatisfy { $0 == 0 })
  }

  @Test func `a text that is too long is cut, and the user is told`() async throws {
    let result = try await run(
      "embed", String(repeating: "rain ", count: 100), "--output", "x.safetensors")
    #expect(result.status == 0)
    #expect(result.errors.contains("text 1 is longer than the 40 tokens"), "\(result.errors)")
    #expect(try tensors("x.safetensors").entries["states"]?.shape == [1, 40, 16])
  }

  @Test func `the bundled model gives back what it encoded`() async throws {
    let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..").standardized
    let model = root.appending(path: "Models/uniform-tiny").path
    #expect(
      try await place.program("scenes", "scenes", "--count", "1", "--seed", "3", "--size", "64", "--quiet")
        .status
        == 0)
    let source = "scenes/scene-000001.mp4"
    let encoded = try await run("encode", source, "--output", "x.safetensors", model: model)
    #expect(encoded.status == 0, "\(encoded.errors)")
    let decoded = try await run("decode", "x.safetensors", "--output", "out.mp4", model: model)
    #expect(decoded.status == 0, "\(decoded.errors)")
    let pixels = try await [source, "out.mp4"].asyncMap { name in
      try await VideoReader.read(place.file(name), seconds: 4, frameRate: 17, width: 64, height: 64).pixels
    }
    let error = zip(pixels[0], pixels[1]).reduce(0.0) { $0 + pow(Double($1.0) - Double($1.1), 2) }
    let ratio = 10 * log10(255 * 255 * Double(pixels[0].count) / error)
    #expect(pixels[0].count == 68 * 64 * 64 * 3 && pixels[1].count == pixels[0].count)
    #expect(ratio > 20, "\(ratio) dB")
  }
}

extension Array {
  fileprivate func asyncMap<Result>(_ transform: (Element) async throws -> Result) async rethrows -> [Result]
  {
    var results: [Result] = []
    for element in self { results.append(try await transform(element)) }
    return results
  }
}
