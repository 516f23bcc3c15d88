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
struct TinyModel: Equatable {
  var index = ModelIndex()
  var textEncoder = T5Encoder.Configuration()
  var transformer = UniFormDiT.Configuration()
  var diffusion = DiffusionConfiguration(objective: .velocity)
  var videoVAE = VideoVAE.Configuration()
  var audioVAE = AutoencoderKL.Configuration.audio
  var mel = MelSpectrogram.Configuration()
  var vocoder = HiFiGAN.Configuration()

  /// Varied enough that whole words become pieces.
  static let sentences = ["heavy", "gentle", "distant", "sudden"].flatMap { kind in
    ["rain", "wind", "hammer", "bell", "waves"].flatMap { thing in
      ["on a tin roof", "over the beach", "in a forest", "beside the road"].map { "\(kind) \(thing) \($0)" }
    }
  }

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
    (transformer.captionChannels, transformer.maximumTextLength) = (16, 40)

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
    for (path, data) in try self == Self() ? Self.files.get() : contents() {
      let file = url.appending(path: path)
      try FileManager.default.createDirectory(
        at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
      try data.write(to: file)
    }
  }

  /// Of the unchanged model, which most tests want.
  private static let files = Result { try TinyModel().contents() }

  private func contents() throws -> [String: Data] {
    var files = [
      "model_index.json": try index.json(),
      "tokenizer/spiece.model": Data(
        try T5Tokenizer.train(sentences: Self.sentences, vocabularySize: 40)),
      "scheduler/scheduler_config.json": try diffusion.json(), "mel/config.json": try mel.json(),
      "text_encoder/config.json": try textEncoder.json(), "transformer/config.json": try transformer.json(),
      "vae/config.json": try videoVAE.json(), "audio_vae/config.json": try audioVAE.json(),
      "vocoder/config.json": try vocoder.json(),
    ]
    func add(_ part: ModelDirectory.Part, _ make: (Parameters) throws -> Void) throws {
      let store = ParameterStore(seed: 1)
      try make(store.root)
      // The denoiser starts with a zero output; filled, every path counts.
      let generator = Generator(seed: 2)
      for entry in store.entries where part == .transformer && !entry.tensor.anyTrue {
        entry.tensor.copy_(Tensor.randn(entry.tensor.shape, generator: generator) * 0.2)
      }
      let folder = try TemporaryFolder()
      let file = folder.url.appending(path: part.weightsName)
      try SafeTensors.write(store.entries.map { ($0.name, $0.tensor) }, to: file)
      files["\(part.rawValue)/\(part.weightsName)"] = try Data(contentsOf: file)
    }
    try add(.textEncoder) { _ = try T5Encoder($0, textEncoder) }
    try add(.transformer) { _ = try UniFormDiT($0, transformer) }
    try add(.videoVAE) { _ = try VideoVAE($0, videoVAE) }
    try add(.audioVAE) { _ = try AudioVAE($0, audioVAE) }
    try add(.vocoder) { _ = try HiFiGAN($0, vocoder) }
    return files
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
