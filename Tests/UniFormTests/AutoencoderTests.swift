import Foundation
import Testing
import Torch
import UniForm

@Suite struct AutoencoderTests {
  private static func tiny(channels: Int, latent: Int, blocks: [Int]) -> AutoencoderKL.Configuration {
    var configuration = AutoencoderKL.Configuration()
    configuration.inChannels = channels
    configuration.outChannels = channels
    configuration.latentChannels = latent
    configuration.blockOutChannels = blocks
    configuration.normNumGroups = 4
    return configuration
  }

  @Test func pictureModelMeetsItsGoldenNumbers() throws {
    let store = ParameterStore(seed: 0)
    let model = try AutoencoderKL(store.root, Self.tiny(channels: 3, latent: 4, blocks: [8, 16, 16, 16]))
    GoldenFill.fill(store)
    let posterior = model.encode(GoldenFill.input("in.img", [2, 3, 16, 24]))
    expectGolden(
      posterior.moments, shape: [2, 8, 2, 3], mean: 0.0199087, deviation: 0.4861440,
      absoluteMaximum: 1.548899, first: [0.371114, 0.597255, -0.124252, 0.926012, -0.239838, 0.565650],
      last: [0.249456, 0.017472, -0.389519])
    expectGolden(
      model.decode(posterior.mode), shape: [2, 3, 16, 24], mean: -0.0824381, deviation: 0.5505212,
      absoluteMaximum: 2.615751, first: [0.035704, 0.032666, 0.082530, -0.060041, 0.151460, 0.293340],
      last: [0.167932, 0.059369, 0.167934])
  }

  @Test func soundModelMeetsItsGoldenNumbers() throws {
    let store = ParameterStore(seed: 0)
    let model = try AutoencoderKL(store.root, Self.tiny(channels: 1, latent: 8, blocks: [8, 16, 32]))
    GoldenFill.fill(store)
    let posterior = model.encode(GoldenFill.input("in.aud", [2, 1, 20, 16]))
    expectGolden(
      posterior.moments, shape: [2, 16, 5, 4], mean: 0.0969294, deviation: 0.5181205,
      absoluteMaximum: 1.964944, first: [0.326167, 0.276889, 0.232063, 0.130586, 1.964944, 1.457980],
      last: [0.211363, 0.469456, 0.206829])
    expectGolden(
      model.decode(posterior.mode), shape: [2, 1, 20, 16], mean: -0.3006200, deviation: 0.5330351,
      absoluteMaximum: 3.047351, first: [0.079241, -0.001409, -0.036084, 0.005902, 0.139431, 0.007165],
      last: [-0.277732, -0.499977, -0.293253])
  }

  @Test(arguments: [DType.float16, .bfloat16])
  func halfPrecisionFilesAreWidened(_ dtype: DType) throws {
    let fixture = try fixture("autoencoder-kl-image")
    let configuration = try AutoencoderKL.Configuration(json: fixture.configuration, source: "fixture")
    let full = ParameterStore(loading: fixture.weights)
    let reference = try AutoencoderKL(full.root, configuration)
    let url = FileManager.default.temporaryDirectory.appending(path: "\(UUID().uuidString).safetensors")
    defer { try? FileManager.default.removeItem(at: url) }
    try SafeTensors.write(full.entries.map { ($0.name, $0.tensor.to(dtype)) }, to: url)
    for entry in full.entries { entry.tensor.copy_(entry.tensor.to(dtype)) }

    let store = ParameterStore(loading: try Weights(contentsOf: url))
    let model = try AutoencoderKL(store.root, configuration)
    #expect(store.entries.allSatisfy { $0.tensor.dtype == .float32 })
    let picture = try fixture.input("sample")
    #expect(Difference(model.encode(picture).moments, reference.encode(picture).moments).absolute == 0)
  }

  @Test func bfloat16PassStaysCloseToFloat32() throws {
    let fixture = try fixture("autoencoder-kl-image")
    let configuration = try AutoencoderKL.Configuration(json: fixture.configuration, source: "fixture")
    let model = try AutoencoderKL(ParameterStore(loading: fixture.weights).root, configuration)
    let decoded = model.decode(try fixture.input("latent").to(.bfloat16))
    #expect(decoded.dtype == .bfloat16)
    let reference = try fixture.output("decoded")
    let error = (decoded.to(.float32) - reference).squared.mean.item / reference.squared.mean.item
    #expect(error < 1e-3)
  }

  @Test func posteriorClampsItsVarianceAndSamplesAroundItsMean() {
    let moments = Tensor([1, 2, -100, 100] as [Float], shape: [1, 4, 1, 1])
    let posterior = DiagonalGaussian(moments: moments)
    #expect(posterior.mode.floats == [1, 2])
    #expect(posterior.logVariance.floats == [-30, 20])
    #expect(abs(posterior.sample(Generator(seed: 3)).floats[0] - 1) < 1e-5)
    let wide = DiagonalGaussian(
      moments: .concatenate([.full([1, 1, 100, 100], 3), .full([1, 1, 100, 100], -2)], axis: 1))
    let sample = wide.sample(Generator(seed: 4))
    #expect(abs(sample.mean.item - 3) < 0.02)
    #expect(abs(sample.standardDeviation([0, 1, 2, 3]).item - exp(-1)) < 0.02)
    #expect(DiagonalGaussian(moments: .zeros([1, 4, 2, 2])).divergence.item == 0)
  }

  @Test func compactExtensionsChangeTheGridAsConfigured() throws {
    var configuration = Self.tiny(channels: 1, latent: 8, blocks: [8, 8, 16, 16, 16])
    configuration.downsampleStrides = [[2, 2], [2, 2], [1, 2], [1, 2]]
    let sound = try AutoencoderKL(ParameterStore(seed: 0).root, configuration)
    #expect(configuration.reduction == [4, 16])
    #expect(sound.encode(.zeros([1, 1, 40, 64])).mode.shape == [1, 8, 10, 4])
    #expect(sound.decode(.zeros([1, 8, 10, 4])).shape == [1, 1, 40, 64])

    configuration = Self.tiny(channels: 3, latent: 16, blocks: [8, 16, 16])
    configuration.patchSize = 2
    let picture = try AutoencoderKL(ParameterStore(seed: 0).root, configuration)
    #expect(configuration.reduction == [8, 8])
    #expect(picture.encode(.zeros([2, 3, 32, 16])).mode.shape == [2, 16, 4, 2])
    #expect(picture.decode(.zeros([2, 16, 4, 2])).shape == [2, 3, 32, 16])
  }

  @Test(arguments: [
    #"{"act_fn": "relu"}"#, #"{"block_out_channels": []}"#, #"{"block_out_channels": [30]}"#,
    #"{"down_block_types": ["DownEncoderBlock2D"]}"#, #"{"downsample_strides": [[2, 2]]}"#,
    #"{"downsample_strides": [[2, 2], [3, 1], [2, 2]]}"#, #"{"shift_factor": 0.1}"#,
    #"{"latent_chanels": 4}"#,
    #"{"scaling_factor": 0}"#, #"{"norm_num_groups": 0}"#, #"{"patch_size": -1}"#,
    #"{"block_out_channels": [9000000000000000000]}"#,
  ])
  func configurationRefusesWhatCannotWork(_ json: String) {
    #expect(throws: ConfigurationError.self) {
      try AutoencoderKL.Configuration(json: Data(json.utf8), source: "config.json")
    }
  }

  @Test func configurationReadsADiffusersFileAndItself() throws {
    let json = """
      {"_class_name": "AutoencoderKL", "_diffusers_version": "0.42.1", "sample_size": 512, "force_upcast": true,
       "shift_factor": null, "latents_mean": null, "latents_std": null, "scaling_factor": 0.13025}
      """
    let configuration = try AutoencoderKL.Configuration(json: Data(json.utf8), source: "config.json")
    #expect(configuration == AutoencoderKL.Configuration())
    var small = Self.tiny(channels: 1, latent: 8, blocks: [8, 16])
    small.downsampleStrides = [[1, 2]]
    #expect(try AutoencoderKL.Configuration(json: small.json(), source: "copy") == small)
  }

  @Test func wideModelGivesTheSameWithAndWithoutRecording() throws {
    // Widths from 128 on take another memory layout when nothing is recorded.
    var configuration = Self.tiny(channels: 1, latent: 4, blocks: [128, 128])
    configuration.layersPerBlock = 1
    let store = ParameterStore(seed: 0)
    let model = try AutoencoderKL(store.root, configuration)
    let sample = GoldenFill.input("in.wide", [2, 1, 12, 8])
    let plain = (model.encode(sample).moments, model.decode(sample.expanded(2, 4, 12, 8)))
    store.enableTraining()
    #expect(Difference(model.encode(sample).moments, plain.0).absolute < 1e-5)
    #expect(Difference(model.decode(sample.expanded(2, 4, 12, 8)), plain.1).absolute < 1e-5)
  }
}
