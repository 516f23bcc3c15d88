import Foundation
import Testing
import UniForm

/// Whatever is wrong: one line on standard error, the fitting exit status, and nothing left behind.
@Suite struct FailureTests {
  let place: Workplace

  init() throws { place = try Workplace(model: true) }

  private func expectFailure(
    _ arguments: [String], status: Int32, saying text: String, in place: Workplace? = nil,
    sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    let place = place ?? self.place
    let before = try place.names
    let result = try await place.program.run(arguments)
    #expect(result.status == status, "\(result.errors)", sourceLocation: sourceLocation)
    #expect(result.errorLines.count == 1, "\(result.errors)", sourceLocation: sourceLocation)
    #expect(result.errors.hasPrefix("uniform: error: "), "\(result.errors)", sourceLocation: sourceLocation)
    #expect(result.errors.contains(text), "\(result.errors)", sourceLocation: sourceLocation)
    #expect(result.output == "", sourceLocation: sourceLocation)
    #expect(try place.names == before, sourceLocation: sourceLocation)
  }

  private func expectFailure(
    generate arguments: String..., status: Int32, saying text: String,
    sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    try await expectFailure(
      ["generate", "--model", "tiny"] + arguments, status: status, saying: text,
      sourceLocation: sourceLocation)
  }

  @Test(arguments: [
    (["--video", "a.mp4", "--audio", "b.wav"], "--video and --audio"),
    (["--prompt", "rain", "--steps", "0"], "--steps is 0"),
    (["--prompt", "rain", "--steps=-3"], "--steps is -3"),
    (["--prompt", "rain", "--steps", "-3"], "--steps is -3"),
    (["--prompt", "rain", "--steps", "many"], "see 'uniform generate --help'"),
    (["--prompt", "rain", "--guidance=-1"], "--guidance is -1"),
    (["--prompt", "rain", "--guidance", "nan"], "--guidance is nan"),
    (["--prompt", "rain", "--seconds", "0"], "--seconds is 0"),
    (["--prompt", "rain", "--seconds", "11"], "--seconds is 11"),
    (["--prompt", "rain", "--size", "wide"], "--size 'wide' is no WIDTHxHEIGHT"),
    (["--prompt", "rain", "--size=-64"], "--size '-64' is no"),
    (["--prompt", "rain", "--size", "65x32"], "multiples of 8 from 16 to 2048, such as 64x32"),
    (["--prompt", "rain", "--size", "64", "--aspect", "1:1"], "--size and aspect contradict"),
    (["--prompt", "rain", "--aspect", "wide"], "'wide' is no WIDTH:HEIGHT"),
    (["--prompt", "rain", "--aspect", "9:1"], "aspect: 9:1 is not between 1:4 and 4:1"),
    (["--prompt", "rain", "--aspect", "input"], "--aspect input needs a video"),
    (["--prompt", "rain", "--start", "1"], "--start needs"),
    (["--video", "a.mp4", "--start=-1"], "--start is -1"),
    (["--prompt", "rain", "--count", "0"], "--count is 0"),
    (["--prompt", "rain", "--threads", "0"], "--threads is 0"),
    (["--prompt", "rain", "--sampler", "magic"], "magic"),
    (["--prompt", "rain", "--sampler", "ddpm"], "--sampler ddpm does not fit"),
    (["--prompt", "rain", "--seed=-1"], "-1"),
    (["--prompt", "rain", "--sheet", "a.jpg"], "--sheet is 'a.jpg'"),
    (["--prompt", "rain", "--output", "a.avi"], "'a.avi' has no ending"),
    (["--prompt", "rain", "--output", "a"], "'a' has no ending"),
    (["--prompt", "rain", "--output", "a.png", "--sheet", "a.png"], "the same file"),
    (["--prompt", "rain", "--output", "f.png", "--sheet", "./f.png"], "the same file"),
    (["--prompt", "rain", "--seed", "18446744073709551615", "--count", "2"], "smaller seed"),
    (["--prompt", "rain", "--json", "--quiet"], "--json and --quiet"),
    (["--prompt", "rain", "--device", "abacus"], "abacus"),
    (["--prompt", "rain", "--dtype", "int8"], "int8"),
    (["--prompt", "rain", "--fit", "crop"], "crop"),
    (["--prompt", "rain", "--frobnicate"], "frobnicate"),
    (["--negative-prompt", "rain", "--video", "a.mp4"], "--negative-prompt"),
    (["--batch", "list.csv", "--prompt", "rain"], "--batch and --prompt"),
    (["--prompt", "bell\u{7}"], "control character U+0007"),
    (["--prompt", String(repeating: "rain ", count: 20_000)], "100000 characters"),
    ([], "nothing to make a clip from"),
  ])
  func `wrong arguments`(arguments: [String], text: String) async throws {
    try await expectFailure(["generate", "--model", "tiny"] + arguments, status: 64, saying: text)
  }

  @Test func `an input that is missing or a folder`() async throws {
    try FileManager.default.createDirectory(at: place.file("folder"), withIntermediateDirectories: false)
    for option in ["--video", "--audio"] {
      try await expectFailure(generate: option, "no.mp4", "--output", "x.mp4", status: 66, saying: "no.mp4'")
      try await expectFailure(generate: option, "folder", "--output", "x.mp4", status: 66, saying: "folder'")
    }
    try await expectFailure(generate: "--batch", "no.csv", status: 66, saying: "no.csv'")
  }

  @Test func `an input that is no clip, or not a whole one`() async throws {
    try await place.clip("good.mp4", seconds: 2)
    try Data(try Data(contentsOf: place.file("good.mp4")).prefix(9_000)).write(to: place.file("cut.mp4"))
    try place.write("<html><body>404</body></html>", to: "page.mp4")
    try place.write("", to: "empty.mp4")
    for name in ["cut.mp4", "page.mp4", "empty.mp4"] {
      try await expectFailure(generate: "--video", name, "--output", "x.mp4", status: 65, saying: "\(name)'")
      try await expectFailure(generate: "--audio", name, "--output", "x.mp4", status: 65, saying: "\(name)'")
    }
    try await expectFailure(
      generate: "--video", "good.mp4", "--start", "5", "--output", "x.mp4", status: 65, saying: "start 5 s")
    try await expectFailure(
      generate: "--video", "good.mp4", "--output", "good.mp4", status: 64, saying: "the input")
    try await expectFailure(
      generate: "--video", "good.mp4", "--output", "x.gif", status: 64, saying: "no sound")
    try await expectFailure(
      generate: "--audio", "good.mp4", "--output", "x.wav", status: 64, saying: "no pictures")
    try await expectFailure(
      generate: "--video", "good.mp4", "--only", "audio", status: 64, saying: "--only is for clips from text")
    try await expectFailure(
      generate: "--prompt", "rain", "--condition-guidance", "2", status: 64,
      saying: "needs a video or a sound")
    try await expectFailure(
      generate: "--video", "good.mp4", "--negative-condition", "still", status: 64, saying: "no effect alone")
    for (made, output) in [("audio", "x.gif"), ("audio", "x.png"), ("video", "x.wav")] {
      try await expectFailure(
        generate: "--prompt", "rain", "--only", made, "--output", output, status: 64, saying: "would hold no")
    }
    try await expectFailure(
      generate: "--prompt", "rain", "--only", "audio", "--sheet", "x.png", status: 64, saying: "--sheet")
  }

  @Test func `sound that is missing or silent, and missing pictures`() async throws {
    try await place.clip("mute.mp4", audio: false)
    try await place.clip("sound.wav", video: false)
    try await place.clip("tone.mp4")
    let silent = try await place.program.run(["generate", "--model", "tiny", "--audio", "mute.mp4"])
    #expect(silent.status == 65)
    try await expectFailure(generate: "--audio", "mute.mp4", status: 65, saying: "has no sound")
    try await expectFailure(generate: "--video", "sound.wav", status: 65, saying: "has no pictures")
    try await place.silentClip("silent.mp4")
    try await expectFailure(generate: "--audio", "silent.mp4", status: 65, saying: "it is silent")
  }

  @Test func `an output that cannot be written`() async throws {
    try FileManager.default.createDirectory(at: place.file("taken.mp4"), withIntermediateDirectories: false)
    try await expectFailure(
      generate: "--prompt", "rain", "--output", "no/x.mp4", status: 73, saying: "no' does not exist")
    try await expectFailure(
      generate: "--prompt", "rain", "--output", "taken.mp4", status: 73, saying: "taken.mp4' is a folder")
    try await expectFailure(
      generate: "--prompt", "rain", "--output", "x.mp4", "--sheet", "no/x.png", status: 73, saying: "no' does"
    )
    try await expectFailure(
      generate: "--prompt", "rain", "--output", String(repeating: "x", count: 300) + ".mp4", status: 73,
      saying: "cannot write")
    #if os(Linux)
      // Nobody can write there, not even root.
      try await expectFailure(
        generate: "--prompt", "rain", "--output", "/proc/x.mp4", status: 73, saying: "cannot write")
    #endif
    if geteuid() != 0 {
      try FileManager.default.createDirectory(
        at: place.file("locked"), withIntermediateDirectories: false, attributes: [.posixPermissions: 0o500])
      try await expectFailure(
        generate: "--prompt", "rain", "--output", "locked/x.mp4", status: 73, saying: "cannot write")
    }
  }

  @Test func `a model that is missing or broken`() async throws {
    let rain = ["--prompt", "rain", "--output", "x.mp4"]
    try await expectFailure(
      ["generate", "--model", "unknown"] + rain, status: 66, saying: "unknown: no such model")
    try await expectFailure(["generate", "--model", "./nowhere"] + rain, status: 66, saying: "nowhere")
    try await expectFailure(["info", "--model", "unknown"], status: 66, saying: "unknown")

    let model = place.file("model")
    func restore() throws {
      try? FileManager.default.removeItem(at: model)
      try FileManager.default.copyItem(at: Workplace.models.appending(path: "tiny"), to: model)
    }
    let broken = ["generate", "--model", "./model", "--quiet"] + rain
    for file in [
      "model_index.json", "vae/config.json", "tokenizer/spiece.model", "vocoder/model.safetensors",
    ] {
      try restore()
      try FileManager.default.removeItem(at: model.appending(path: file))
      try await expectFailure(broken, status: 66, saying: file)
    }
    for file in ["transformer/diffusion_pytorch_model.safetensors", "tokenizer/spiece.model"] {
      try restore()
      let weights = model.appending(path: file)
      try Data(contentsOf: weights).dropLast(500).write(to: weights)
      try await expectFailure(broken, status: 65, saying: file)
    }
    try restore()
    let configuration = model.appending(path: "vocoder/config.json")
    let text = try String(contentsOf: configuration, encoding: .utf8)
    try Data(
      text.replacing("\"upsample_initial_channel\" : 32", with: "\"upsample_initial_channel\" : 64").utf8
    )
    .write(to: configuration)
    try await expectFailure(broken, status: 65, saying: "vocoder/model.safetensors")
  }

  @Test func `ffmpeg is missing`() async throws {
    var program = place.program
    program.environment["PATH"] = place.folder.path
    let result = try await program("generate", "--model", "tiny", "--prompt", "rain", "--output", "x.mp4")
    #expect(result.status == 69)
    #expect(result.errorLines.count == 1)
    #expect(result.errors.contains("was not found"))
    #expect(try place.names == [])
  }

  @Test func `other commands`() async throws {
    try await expectFailure(["inspect", "no.mp4"], status: 66, saying: "no.mp4'")
    try await expectFailure(["inspect", "no.safetensors"], status: 66, saying: "no.safetensors")
    try place.write("x", to: "bad.safetensors")
    try await expectFailure(["inspect", "bad.safetensors"], status: 65, saying: "bad.safetensors")
    try await expectFailure(["scenes", "out", "--count", "0"], status: 64, saying: "--count is 0")
    try await expectFailure(["scenes", "out"], status: 64, saying: "count")
    try await expectFailure(
      ["scenes", "out", "--count", "1", "--size", "63"], status: 64, saying: "--size is 63")
    try await expectFailure(
      ["scenes", "out", "--count", "1", "--classes", "rain,zebra"], status: 64, saying: "'zebra'")
    try await expectFailure(
      ["scenes", "bad.safetensors", "--count", "1"], status: 73, saying: "bad.safetensors")
    try await expectFailure(["frobnicate"], status: 64, saying: "frobnicate")
  }
}
