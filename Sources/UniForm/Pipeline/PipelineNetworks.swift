internal import Torch

/// The networks of a model, each loaded when it is first needed.
final class PipelineNetworks {
  let directory: ModelDirectory
  let device: Device
  /// Of the denoiser.
  let dtype: DType
  let keepsLoaded: Bool
  private var textEncoder: T5Encoder?
  private var transformer: UniFormDiT?
  private var videoEncoder: VideoVAE.Encoder?
  private var videoDecoder: VideoVAE.Decoder?
  private var audioEncoder: AudioVAE.Encoder?
  private var audioDecoder: AudioVAE.Decoder?
  private var vocoder: HiFiGAN?

  init(_ directory: ModelDirectory, device: Device, dtype: DType, keepsLoaded: Bool) {
    self.directory = directory
    self.device = device
    self.dtype = dtype
    self.keepsLoaded = keepsLoaded
  }

  func loadedTextEncoder() throws -> T5Encoder {
    try network(\.textEncoder) { try directory.loadTextEncoder(device: device) }
  }
  func loadedTransformer() throws -> UniFormDiT {
    try network(\.transformer) { try directory.loadTransformer(dtype: dtype, device: device) }
  }
  func loadedVideoEncoder() throws -> VideoVAE.Encoder {
    try network(\.videoEncoder) { try directory.loadVideoEncoder(device: device) }
  }
  func loadedVideoDecoder() throws -> VideoVAE.Decoder {
    try network(\.videoDecoder) { try directory.loadVideoDecoder(device: device) }
  }
  func loadedAudioEncoder() throws -> AudioVAE.Encoder {
    try network(\.audioEncoder) { try directory.loadAudioEncoder(device: device) }
  }
  func loadedAudioDecoder() throws -> AudioVAE.Decoder {
    try network(\.audioDecoder) { try directory.loadAudioDecoder(device: device) }
  }
  func loadedVocoder() throws -> HiFiGAN {
    try network(\.vocoder) { try directory.loadVocoder(device: device) }
  }

  /// Loads what a task needs, so that a broken file is known before the time is spent on denoising. Where nothing is
  /// kept this would load everything twice, and each file is checked when its turn comes.
  func prepare(_ task: GenerationTask, hasText: Bool) throws {
    guard keepsLoaded else { return }
    if hasText { _ = try loadedTextEncoder() }
    switch task.condition {
    case .video: _ = try loadedVideoEncoder()
    case .audio: _ = try loadedAudioEncoder()
    case nil: break
    }
    _ = try loadedTransformer()
    if task.generated.contains(.video) { _ = try loadedVideoDecoder() }
    if task.generated.contains(.audio) { _ = (try loadedAudioDecoder(), try loadedVocoder()) }
  }

  func use(transformer: UniFormDiT, textEncoder: T5Encoder? = nil) {
    self.transformer = transformer
    if let textEncoder { self.textEncoder = textEncoder }
  }

  func unload() {
    (textEncoder, transformer, vocoder) = (nil, nil, nil)
    (videoEncoder, videoDecoder, audioEncoder, audioDecoder) = (nil, nil, nil, nil)
  }

  private func network<Network>(
    _ kept: ReferenceWritableKeyPath<PipelineNetworks, Network?>, load: () throws -> Network
  ) rethrows -> Network {
    if let network = self[keyPath: kept] { return network }
    let network = try load()
    if keepsLoaded { self[keyPath: kept] = network }
    return network
  }
}
