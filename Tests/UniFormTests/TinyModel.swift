import Foundation
import Media
import Torch

@testable import UniForm

/// A folder that disappears with its owner.
final class TemporaryFolder {
  let url = FileManager.default.temporaryDirectory.appending(path: "uniform-tests-\(UUID().uuidString)")

  init() throws { try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true) }
  deinit { try? FileManager.default.removeItem(at: url) }
}

/// A whole model of random weights, small enough that a clip takes a fraction of a second.
struct TinyModel {
  var index = ModelIndex()
  var textEncoder = T5Encoder.Configuration()
  var transformer = UniFormDiT.Configuration()
  var diffusion = DiffusionConfiguration(objective: .velocity)
  var videoVAE = VideoVAE.Configuration()
  var audioVAE = AutoencoderKL.Configuration.audio
  var mel = MelSpectrogram.Configuration()
  var vocoder = HiFiGAN.Configuration()

  static let sentences = [
    "rain on a tin roof", "a red ball bounces on the floor", "a bell rings", "heavy rain and wind",
    "a hammer strikes an anvil", "waves roll on a beach",
  ]

  init() {
    index.name = "tiny"
    index.geometry.width = 32
    index.geometry.height = 32
    index.geometry.seconds = 1
    index.defaults.steps = 2
    index.defaults.guidanceScale = 3
    index.defaults.nullCaptionLength = 4
    index.knownClasses = [.init(name: "rain", example: "rain on a tin roof")]

    textEncoder.vocabularySize = 64
    (textEncoder.width, textEncoder.headWidth, textEncoder.feedForwardWidth) = (16, 8, 32)
    (textEncoder.layers, textEncoder.heads) = (1, 2)

    (transformer.depth, transformer.hiddenSize, transformer.heads) = (1, 48, 2)
    (transformer.captionChannels, transformer.maximumTextLength) = (16, 12)

    videoVAE.spatial.patchSize = 4
    videoVAE.spatial.blockOutChannels = [8, 8]
    (videoVAE.spatial.layersPerBlock, videoVAE.spatial.normNumGroups) = (1, 4)
    videoVAE.spatial.midBlockAddAttention = false
    (videoVAE.temporal.filters, videoVAE.temporal.numResBlocks, videoVAE.temporal.numGroups) = (8, 1, 4)
    videoVAE.temporal.channelMultipliers = [1, 1, 1]
    videoVAE.temporal.temporalDownsample = [true, true]
    videoVAE.microBatchSize = 17

    audioVAE.blockOutChannels = [8, 8, 8]
    (audioVAE.layersPerBlock, audioVAE.normNumGroups) = (1, 4)
    audioVAE.midBlockAddAttention = false

    vocoder.initialChannels = 32
  }

  /// Writes the directory; the same bytes each time.
  func write(to url: URL) throws {
    func folder(_ name: String) throws -> URL {
      let folder = url.appending(path: name)
      try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
      return folder
    }
    func write(
      _ name: String, _ configuration: some JSONConfiguration, _ weights: String,
      _ make: (ParameterStore) throws -> Void
    ) throws {
      let folder = try folder(name)
      try configuration.json().write(to: folder.appending(path: "config.json"))
      let store = ParameterStore(seed: 1)
      try make(store)
      try SafeTensors.write(store.entries.map { ($0.name, $0.tensor) }, to: folder.appending(path: weights))
    }
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    try index.json().write(to: url.appending(path: "model_index.json"))
    try Data(T5Tokenizer.train(sentences: Self.sentences, vocabularySize: 60))
      .write(to: folder("tokenizer").appending(path: "spiece.model"))
    try diffusion.json().write(to: folder("scheduler").appending(path: "scheduler_config.json"))
    try mel.json().write(to: folder("mel").appending(path: "config.json"))
    try write("text_encoder", textEncoder, "model.safetensors") { _ = try T5Encoder($0.root, textEncoder) }
    try write("transformer", transformer, "diffusion_pytorch_model.safetensors") { store in
      _ = try UniFormDiT(store.root, transformer)
      // The network starts with a zero output; filled, every path counts.
      GoldenFill.fill(store)
    }
    try write("vae", videoVAE, "diffusion_pytorch_model.safetensors") {
      _ = try VideoVAE($0.root, videoVAE)
    }
    try write("audio_vae", audioVAE, "diffusion_pytorch_model.safetensors") {
      _ = try AudioVAE($0.root, audioVAE)
    }
    try write("vocoder", vocoder, "model.safetensors") { _ = try HiFiGAN($0.root, vocoder) }
  }

  // MARK: Media that fit

  static func frames(count: Int = 17, seed: UInt64 = 3) -> VideoFrames {
    let noise = Tensor.rand([count * 32 * 32 * 3], generator: Generator(seed: seed)) * 255
    return VideoFrames(width: 32, height: 32, frameRate: 17, pixels: noise.to(.uint8).values())
  }

  static func sound(count: Int = 16_000) -> Waveform {
    Waveform(
      sampleRate: 16_000, samples: (0..<count).map { 0.4 * sin(Float($0) * 0.1) * Float($0 % 4000) / 4000 })
  }
}
