import Foundation
import Media
import Testing
import Torch
import UniForm

@Suite struct VideoVAETests {
  private func published() throws -> (model: VideoVAE, fixture: ParityFixture) {
    let fixture = try fixture("opensora-video-vae-a")
    let configuration = try VideoVAE.Configuration(json: fixture.configuration, source: "fixture")
    let store = ParameterStore(loading: fixture.weights)
    let model = try VideoVAE(store.root, configuration)
    try store.requireAllUsed()
    return (model, fixture)
  }

  @Test(arguments: [(1, 1), (4, 1), (5, 2), (16, 4), (17, 5), (34, 10), (68, 20), (70, 21)])
  func latentLengthFollowsTheRule(frames: Int, latents: Int) {
    #expect(VideoVAE.Configuration().latentFrames(for: frames) == latents)
  }

  @Test func chunksShareNothingAndComeOneByOne() throws {
    let (model, _) = try published()
    let clip = GoldenFill.input("in.clip", [2, 3, 21, 16, 16])
    let latents = model.encode(clip)
    let first = model.encode(clip.narrowed(2, start: 0, length: 17))
    let second = model.encode(clip.narrowed(2, start: 17, length: 4))
    #expect(Difference(.concatenate([first, second], axis: 2), latents).absolute < 1e-5)

    let whole = model.decode(latents, frames: 21)
    var ranges: [Range<Int>] = []
    model.decoder(latents, frames: 21) { range, chunk in
      ranges.append(range)
      let expected = whole.narrowed(2, start: range.lowerBound, length: range.count)
      #expect(Difference(chunk, expected).absolute == 0)
    }
    #expect(ranges == [0..<17, 17..<21])
  }

  @Test func pictureBatchesChangeMemoryNotNumbers() throws {
    let fixture = try fixture("opensora-video-vae-a")
    var configuration = try VideoVAE.Configuration(json: fixture.configuration, source: "fixture")
    configuration.microBatchSize = 21
    let model = try VideoVAE(ParameterStore(loading: fixture.weights).root, configuration)
    try expectParity(model.encode(fixture.input("frames")), fixture, "latents")
  }

  @Test func halvesLoadAloneAndAgreeWithTheWhole() throws {
    let (model, fixture) = try published()
    let configuration = model.encoder.configuration
    let encoding = ParameterStore(loading: fixture.weights)
    let encoder = try VideoVAE.Encoder(encoding.root, configuration)
    let decoding = ParameterStore(loading: fixture.weights)
    let decoder = try VideoVAE.Decoder(decoding.root, configuration)
    #expect(encoding.entries.allSatisfy { !$0.name.contains("decoder") })
    #expect(decoding.entries.allSatisfy { !$0.name.contains("encoder") })
    let posterior = encoder(try fixture.input("frames"))
    try expectParity(posterior.mode, fixture, "latents")
    try expectParity(decoder(fixture.input("latents"), frames: 21), fixture, "frames")
  }

  @Test func samplesFollowTheSeedAndSpreadAroundTheMode() throws {
    let (model, fixture) = try published()
    let frames = try fixture.input("frames")
    let a = model.encode(frames, generator: Generator(seed: 1))
    let b = model.encode(frames, generator: Generator(seed: 1))
    let c = model.encode(frames, generator: Generator(seed: 2))
    #expect(Difference(a, b).absolute == 0)
    #expect(Difference(a, c).absolute > 1e-3)
  }

  @Test func aWrongNumberOfLatentsIsAnErrorOfOneLine() throws {
    let (model, fixture) = try published()
    let latents = try fixture.input("latents")
    let error = #expect(throws: TorchError.self) {
      try catchingTorchErrors { model.decode(latents, frames: 68) }
    }
    #expect(error?.description.contains("\n") == false)
  }

  @Test func keysAreThoseOfThePublishedFile() throws {
    var configuration = VideoVAE.Configuration()
    configuration.spatial.blockOutChannels = [4, 8, 16, 16]
    configuration.spatial.normNumGroups = 4
    configuration.temporal.filters = 4
    configuration.temporal.numGroups = 4
    let store = ParameterStore(seed: 0)
    _ = try VideoVAE(store.root, configuration)
    let names = store.entries.map(\.name)
    #expect(Set(names).count == names.count)
    #expect(names.count == 517)
    #expect(names.count { $0.hasPrefix("spatial_vae.module.") } == 248)
    #expect(store.entries.filter(\.isBuffer).map(\.name).sorted() == ["scale", "shift"])
    #expect(store.entries.first { $0.name == "scale" }?.tensor.floats == [3.85, 2.32, 2.33, 3.06])
  }

  @Test func configurationReadsThePublishedFileAndItself() throws {
    let json = """
      {"model_type": "VideoAutoencoderPipeline", "torch_dtype": "float32", "micro_frame_size": 17,
       "vae_2d": {"type": "VideoAutoencoderKL", "from_pretrained": "x", "subfolder": "vae", "micro_batch_size": 4},
       "vae_temporal": {"type": "VAE_Temporal_SD", "from_pretrained": null},
       "scale": [3.85, 2.32, 2.33, 3.06], "shift": [-0.10, 0.34, 0.27, 0.98]}
      """
    let configuration = try VideoVAE.Configuration(json: Data(json.utf8), source: "config.json")
    #expect(configuration == VideoVAE.Configuration())
    let copy = try VideoVAE.Configuration(json: configuration.json(), source: "copy")
    #expect(copy == configuration)
  }

  @Test(arguments: [
    #"{"vae_2d": {"latent_channel": 4}}"#, #"{"vae_2d": {"latent_channels": 8}}"#, #"{"scale": [1]}"#,
    #"{"vae_temporal": {"num_groups": 7}}"#, #"{"micro_frame_size": 0}"#, #"{"vae_2d": 3}"#,
  ])
  func configurationRefusesWhatCannotWork(_ json: String) throws {
    let error = #expect(throws: ConfigurationError.self) {
      try VideoVAE.Configuration(json: Data(json.utf8), source: "config.json")
    }
    #expect(error?.description.hasPrefix("config.json: ") == true)
  }

  @Test func picturesSurviveTheWayIntoTensorsAndBack() {
    let pixels = (0..<144).map { UInt8(truncatingIfNeeded: $0 * 37) }
    let frames = VideoFrames(width: 6, height: 4, frameRate: 17, pixels: pixels)
    let tensor = frames.tensor
    #expect(tensor.shape == [1, 3, 2, 4, 6])
    #expect(tensor.floats[1] == Float(pixels[3]) / 127.5 - 1)
    #expect(VideoFrames(tensor, frameRate: 17) == frames)
    let levels: [Float] = (0...255).map { Float($0) / 127.5 - 1 }
    let ramp = Tensor(levels, shape: [1, 1, 1, 1, 256]).expanded(1, 3, 1, 1, 256)
    let grey: [UInt8] = (UInt8.min...UInt8.max).flatMap { [$0, $0, $0] }
    #expect(VideoFrames.pixels(ramp) == grey)
    let outside = Tensor([-3, 1.2, 0] as [Float], shape: [1, 3, 1, 1, 1])
    #expect(VideoFrames.pixels(outside) == [0, 255, 128])
  }
}
