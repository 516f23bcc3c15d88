internal import Torch

/// The networks of a model, each loaded when it is first needed: all of them kept, or only the latest.
final class PipelineNetworks {
  let directory: ModelDirectory
  let device: Device
  /// Of the denoiser.
  let dtype: DType
  let keepsLoaded: Bool
  /// By the name of the accessor.
  private var loaded: [String: Any] = [:]

  init(_ directory: ModelDirectory, device: Device, dtype: DType, keepsLoaded: Bool) {
    self.directory = directory
    self.device = device
    self.dtype = dtype
    self.keepsLoaded = keepsLoaded
  }

  /// Computes in float32. Where it is soon freed again, its 16-bit weights stay in the mapped file and each is converted
  /// when its turn comes, which gives the same numbers.
  func loadedTextEncoder() throws -> T5Encoder {
    try network {
      let stored = try directory.storedDType(.textEncoder)
      let isStoredShort = !keepsLoaded && stored == .bfloat16
      return try directory.loadTextEncoder(dtype: isStoredShort ? .bfloat16 : .float32, device: device)
    }
  }
  func loadedTransformer() throws -> UniFormDiT {
    try network { try directory.loadTransformer(dtype: dtype, device: device) }
  }
  func loadedVideoEncoder() throws -> VideoVAE.Encoder {
    try network { try directory.loadVideoEncoder(device: device) }
  }
  func loadedVideoDecoder() throws -> VideoVAE.Decoder {
    try network { try directory.loadVideoDecoder(device: device) }
  }
  func loadedAudioEncoder() throws -> AudioVAE.Encoder {
    try network { try directory.loadAudioEncoder(device: device) }
  }
  func loadedAudioDecoder() throws -> AudioVAE.Decoder {
    try network { try directory.loadAudioDecoder(device: device) }
  }
  func loadedVocoder() throws -> HiFiGAN {
    try network { try directory.loadVocoder(device: device) }
  }

  /// Loads what a task needs, so that a broken file is known before the time is spent on denoising. Where nothing is
  /// kept, the names and shapes in the files are checked instead.
  func prepare(_ task: GenerationTask, hasText: Bool) throws {
    guard keepsLoaded else { return try directory.checkWeights(of: task.parts(hasText: hasText)) }
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

  func unload() {
    loaded = [:]
    releaseFreeMemory()
  }

  private func network<Network>(_ name: String = #function, load: () throws -> Network) rethrows -> Network {
    if let network = loaded[name] as? Network { return network }
    // The one before goes first, so that there are never two.
    if !keepsLoaded && !loaded.isEmpty { unload() }
    let network = try load()
    loaded[name] = network
    return network
  }
}

extension GenerationTask {
  /// The parts of a model whose weights are read.
  func parts(hasText: Bool) -> [ModelDirectory.Part] {
    let isHeardOrShown = Set(generated + [condition].compactMap(\.self))
    return (hasText ? [.textEncoder] : []) + [.transformer]
      + (isHeardOrShown.contains(.video) ? [.videoVAE] : [])
      + (isHeardOrShown.contains(.audio) ? [.audioVAE] : [])
      + (generated.contains(.audio) ? [.vocoder] : [])
  }
}
