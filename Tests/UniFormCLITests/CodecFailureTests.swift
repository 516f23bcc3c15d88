import Foundation
import Media
import Testing
import Torch
import UniForm

/// What is wrong with the input of a codec: one line, the fitting exit status, and nothing left behind.
@Suite struct CodecFailureTests {
  let place: Workplace

  init() throws { place = try Workplace(model: true) }

  private func expectFailure(
    _ arguments: String..., model: String = "tiny", status: Int32, saying text: String,
    sourceLocation: SourceLocation = #_sourceLocation
  ) async throws {
    let before = try place.names
    let result = try await place.program.run(arguments + ["--model", model])
    #expect(result.status == status, "\(result.errors)", sourceLocation: sourceLocation)
    #expect(result.errorLines.count == 1, "\(result.errors)", sourceLocation: sourceLocation)
    #expect(result.errors.hasPrefix("uniform: error: "), "\(result.errors)", sourceLocation: sourceLocation)
    #expect(result.errors.contains(text), "\(result.errors)", sourceLocation: sourceLocation)
    #expect(try place.names == before, sourceLocation: sourceLocation)
  }

  @Test(arguments: [
    (["encode", "a.mp4", "--output", "x.mp4"], "ends in .safetensors"),
    (["encode", "a.mp4", "--output", "x.safetensors", "--video-only", "--audio-only"], "contradict"),
    (["encode", "a.mp4", "--output", "x.safetensors", "--seed", "1"], "without --sample"),
    (["encode", "a.mp4", "--output", "x.safetensors", "--seconds", "11"], "--seconds is 11"),
    (["encode", "a.mp4", "--output", "x.safetensors", "--seconds", "0"], "--seconds is 0"),
    (["encode", "a.mp4", "--output", "x.safetensors", "--start=-1"], "--start is -1"),
    (["encode", "a.mp4", "--output", "x.safetensors", "--threads", "0"], "--threads is 0"),
    (["encode", "--output", "x.safetensors"], "media"),
    (["decode", "a.safetensors", "--output", "x.avi"], "'x.avi' has no ending"),
    (["decode", "a.safetensors"], "output"),
    (["embed", "--output", "x.safetensors"], "no text to embed"),
    (["embed", "a", "--file", "b", "--output", "x.safetensors"], "--file and texts"),
    (["embed", "a", "--output", "x.txt"], "ends in .safetensors"),
    (["embed", "a", "bell\u{7}", "--output", "x.safetensors"], "text 2: holds the control character"),
    (["embed", "a", "--output", "x.safetensors", "--json", "--quiet"], "--json and --quiet"),
  ])
  func `wrong arguments`(arguments: [String], text: String) async throws {
    let result = try await place.program.run(arguments + ["--model", "tiny"])
    #expect(result.status == 64, "\(result.errors)")
    #expect(result.errorLines.count == 1 && result.errors.contains(text), "\(result.errors)")
    #expect(try place.names == [])
  }

  @Test func `media that are missing, damaged or without the stream that is wanted`() async throws {
    try await place.clip("mute.mp4", audio: false)
    try await place.clip("sound.wav", video: false)
    try place.write("<html></html>", to: "page.mp4")
    let output = ["--output", "x.safetensors"]
    try await expectFailure("encode", "no.mp4", output[0], output[1], status: 66, saying: "no.mp4'")
    try await expectFailure("encode", "page.mp4", output[0], output[1], status: 65, saying: "page.mp4'")
    try await expectFailure(
      "encode", "mute.mp4", "--audio-only", output[0], output[1], status: 65, saying: "has no sound")
    try await expectFailure(
      "encode", "sound.wav", "--video-only", output[0], output[1], status: 65, saying: "has no pictures")
    try await expectFailure(
      "encode", "mute.mp4", "--start", "9", output[0], output[1], status: 65, saying: "start 9 s")
    try await expectFailure(
      "encode", "mute.mp4", "--output", "no/x.safetensors", status: 73, saying: "no' does not exist")
    try await expectFailure("embed", "--file", "no.txt", output[0], output[1], status: 66, saying: "no.txt'")
    try await expectFailure(
      "encode", "mute.mp4", output[0], output[1], model: "unknown", status: 66, saying: "no such model")
  }

  @Test func `latents that are missing, cut off, damaged or of something else`() async throws {
    try await place.clip("in.mp4", audio: false)
    let encoded = try await place.program(
      "encode", "in.mp4", "--model", "tiny", "--output", "good.safetensors")
    #expect(encoded.status == 0, "\(encoded.errors)")
    let good = try SafeTensors(contentsOf: place.file("good.safetensors"))
    let video = try good.tensor("video")
    func write(_ name: String, _ tensors: [(name: String, tensor: Tensor)], _ changes: [String: String] = [:])
      throws
    {
      try SafeTensors.write(
        tensors, metadata: good.metadata.merging(changes) { $1 }, to: place.file("\(name).safetensors"))
    }
    try Data(contentsOf: place.file("good.safetensors")).dropLast(100).write(
      to: place.file("cut.safetensors"))
    try write("nan", [("video", video / 0)])
    try write("shape", [("video", video.narrowed(2, start: 0, length: 3))])
    try write("none", [("other", video)])
    try write("weights", [("video", video)], ["format": "pt"])
    try write("geometry", [("video", video)], ["geometry": #"{"width": 0}"#])
    try write("day", [("video", video)], ["geometry": #"{"seconds": 86400}"#])
    try write("huge", [("video", video)], ["geometry": #"{"chunk_latents": 9000000000000000000}"#])
    try write("long", [("video", video)], ["geometry": #"{"seconds": 1e300}"#])
    for (name, text) in [
      ("cut", "cut off"), ("nan", "no numbers"), ("shape", "has shape [1, 4, 3, 4, 4]"),
      ("none", "neither \"video\" nor \"audio\""), ("weights", "does not say"), ("geometry", "positive"),
      ("long", "at most 1,000,000"), ("huge", "at most 1,000,000"), ("day", "86400.0 s are no length"),
    ] {
      try await expectFailure(
        "decode", "\(name).safetensors", "--output", "x.mp4", status: 65, saying: text)
      try await expectFailure(
        "decode", "\(name).safetensors", "--output", "x.mp4", status: 65, saying: "\(name).safetensors")
    }
    try await expectFailure(
      "decode", "no.safetensors", "--output", "x.mp4", status: 66, saying: "no.safetensors")
    try await expectFailure(
      "decode", "good.safetensors", "--output", "x.wav", status: 64, saying: "have no sound")
    try await expectFailure(
      "decode", "good.safetensors", "--output", "no/x.mp4", status: 73, saying: "no' does not exist")
  }

  @Test func `latents of another model are refused`() async throws {
    try await place.clip("in.mp4")
    let encoded = try await place.program(
      "encode", "in.mp4", "--model", "tiny", "--output", "x.safetensors")
    #expect(encoded.status == 0, "\(encoded.errors)")
    var other = TinyModel()
    other.index.name = "other"
    other.videoVAE.scale[0] = 2
    try other.write(to: place.file("other"))
    try await expectFailure(
      "decode", "x.safetensors", "--output", "x.mp4", model: "./other", status: 65,
      saying: "the video was encoded by 'tiny'")
    other = TinyModel()
    other.index.geometry.spatialFactor = 16
    other.videoVAE.spatial.patchSize = 8
    try other.write(to: place.file("coarse"))
    try await expectFailure(
      "decode", "x.safetensors", "--output", "x.mp4", model: "./coarse", status: 65,
      saying: "\"spatial_factor\" is 8, but the model 'tiny' has 16")
  }
}
