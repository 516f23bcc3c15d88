import Foundation
import Media
import Testing
import Torch

@testable import UniForm

@Suite("Codecs as tools") struct CodecTests {
  let folder: TemporaryFolder
  let pipeline: UniFormPipeline

  init() throws {
    folder = try TemporaryFolder()
    try TinyModel().write(to: folder.url)
    pipeline = try UniFormPipeline(ModelDirectory(folder.url), dtype: .float32)
  }

  @Test("latents of a generated clip decode to that clip")
  func decodesAsGenerate() throws {
    let request = GenerationRequest(prompt: "rain on a tin roof", seconds: 1.5)
    let clip = try pipeline.generate(request)[0]
    let made = try pipeline.latents(request)
    let reference = try pipeline.encode(video: TinyModel.frames(), audio: TinyModel.sound(), seconds: 1.5)
    let latents = ClipLatents(
      video: made.video, audio: made.audio, geometry: reference.geometry, origin: reference.origin)
    let decoded = try pipeline.decode(latents)
    #expect(decoded.video == clip.video)
    #expect(decoded.audio == clip.audio)
    #expect(decoded.spectrogram?.values == clip.mel)
    // An untrained vocoder makes something else of what it is given.
    #expect(decoded.codedSpectrogram?.values.count == clip.mel.count)
    #expect(decoded.codedSpectrogram != decoded.spectrogram)
  }

  @Test("a file gives back what was written")
  func file() throws {
    let url = folder.url.appending(path: "x.safetensors")
    var latents = try pipeline.encode(video: TinyModel.frames(), audio: TinyModel.sound(), seed: 4)
    latents.origin.source = "clips/rain \"2\".mp4"
    latents.origin.start = 0.25
    try latents.write(to: url)
    let read = try ClipLatents(contentsOf: url)
    #expect(read.origin == latents.origin && read.geometry == latents.geometry)
    #expect(read.origin.seed == 4)
    #expect(read.video?.floats == latents.video?.floats && read.audio?.floats == latents.audio?.floats)

    // Half precision serves as well.
    let file = try SafeTensors(contentsOf: url)
    try SafeTensors.write(
      [("audio", try file.tensor("audio").to(.bfloat16))], metadata: file.metadata, to: url)
    let half = try ClipLatents(contentsOf: url)
    #expect(half.video == nil && half.audio?.dtype == .float32)
    #expect(try pipeline.decode(half).video == nil)
  }

  @Test("silence has latents, and they decode")
  func silence() throws {
    let silent = Waveform(sampleRate: 16_000, samples: [Float](repeating: 0, count: 16_000))
    let decoded = try pipeline.decode(pipeline.encode(audio: silent))
    #expect(decoded.audio?.samples.count == 16_000 && decoded.video == nil)
  }

  @Test("what cannot be encoded is an error of one line, before any network is loaded")
  func errors() throws {
    #expect(throws: CodecError.nothingToEncode) { try pipeline.encode(seconds: 1) }
    #expect(throws: CodecError.nothingToEncode) { try pipeline.embed([]) }
    let frames = VideoFrames(
      width: 17, height: 32, frameRate: 17, pixels: [UInt8](repeating: 0, count: 17 * 32 * 3))
    #expect(throws: GenerationError.self) { try pipeline.encode(video: frames) }
    for seconds in [0, -1, 10.5, .nan, .infinity] {
      #expect(throws: GenerationError.self) {
        try pipeline.encode(audio: TinyModel.sound(), seconds: seconds)
      }
    }
    for seconds in [Double.nan, .infinity, 0, 1e300] {
      #expect(throws: GenerationError.self) { try pipeline.posteriors(of: [], seconds: seconds) }
    }
    #expect(throws: GenerationError.unusableSamples) {
      try pipeline.encode(audio: Waveform(sampleRate: 16_000, samples: [.nan]))
    }
    var latents = try pipeline.encode(audio: TinyModel.sound())
    latents.geometry.seconds = 2
    let shape = #expect(throws: CodecError.self) { try pipeline.decode(latents) }
    #expect(shape?.description.contains("\"audio\" has shape [1, 8, 25, 16]") == true)
    latents.geometry.hopLength = 80
    let error = #expect(throws: CodecError.self) { try pipeline.decode(latents) }
    #expect(error?.description.contains("\"hop_length\" is 80") == true)
  }

  @Test("a caller who has had enough stops every codec")
  func cancellation() throws {
    let latents = try pipeline.encode(video: TinyModel.frames(), audio: TinyModel.sound())
    #expect(throws: CancellationError.self) { try pipeline.encode(audio: TinyModel.sound()) { _ in false } }
    #expect(throws: CancellationError.self) { try pipeline.decode(latents) { _ in false } }
    #expect(throws: CancellationError.self) { try pipeline.embed(["rain"]) { _ in false } }
  }
}

@Suite struct CodecFidelityTests {
  private func frames(_ value: UInt8) -> VideoFrames {
    VideoFrames(width: 4, height: 2, frameRate: 17, pixels: [UInt8](repeating: value, count: 3 * 4 * 2 * 3))
  }

  @Test func thePeakSignalToNoiseRatioIsThatOfTheMeanSquare() {
    // Off by 5 everywhere: 20 log₁₀(255 / 5).
    let off = CodecFidelity.peakSignalToNoise(frames(100), frames(105))
    #expect(abs(off - 34.15140352) < 1e-6)
    var half = frames(100)
    for index in half.pixels.indices.prefix(half.pixels.count / 2) { half.pixels[index] = 110 }
    #expect(abs(CodecFidelity.peakSignalToNoise(frames(100), half) - 31.14110357) < 1e-6)
    #expect(CodecFidelity.peakSignalToNoise(frames(7), frames(7)) == CodecFidelity.exactPictures)
  }
}
