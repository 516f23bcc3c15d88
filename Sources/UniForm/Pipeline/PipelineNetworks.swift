internal import Torch

/// The networks of a model, each loaded when it is first needed: all of them kept, or only the latest.
final class PipelineNetworks {
  let directory: ModelDirectory
  let device: Device
  /// Of the denoiser, and of what is as good in bfloat16: the text encoder and the video autoencoder. Those of sound
  /// compute in float32 (Docs/Decisions/0013-codecs-in-bfloat16.md).
  let dtype: DType
  let keepsLoaded: Bool
  /// By the name of the accessor.
  private var loaded: [String: Any] = [:]
  /// Used instead of what the directory holds: what is being trained.
  private var given: (transformer: UniFormDiT, textEncoder: T5Encoder?)?

  init(_ directory: ModelDirectory, device: Device, dtype: DType, keepsLoaded: Bool) {
    self.directory = directory
    self.device = device
    self.dtype = dtype
    self.keepsLoaded = keepsLoaded
  }

  func loadedTextEncoder() throws -> T5Encoder {
    try given?.textEncoder
      ?? network {
        try directory.loadTextEncoder(dtype: dtype, device: device, forInference: true)
      }
  }
  func loadedTransformer() throws -> UniFormDiT {
    try given?.transformer
      ?? network {
        try directory.loadTransformer(dtype: dtype, device: device, forInference: true)
      }
  }
  func loadedVideoEncoder() throws -> VideoVAE.Encoder {
    try network {
      try directory.loadVideoEncoder(dtype: dtype, device: device, forInference: true)
    }
  }
  func loadedVideoDecoder() throws -> VideoVAE.Decoder {
    try network {
      try directory.loadVideoDecoder(dtype: dtype, device: device, forInference: true)
    }
  }
  func loadedAudioEncoder() throws -> AudioVAE.Encoder {
    try network { try directory.loadAudioEncoder(device: device, forInference: true) }
  }
  func loadedAudioDecoder() throws -> AudioVAE.Decoder {
    try network { try directory.loadAudioDecoder(device: device, forInference: true) }
  }
  func loadedVocoder() throws -> HiFiGAN {
    try network { try directory.loadVocoder(device: device, forInference: true) }
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

  func use(transformer: UniFormDiT, textEncoder: T5Encoder? = nil) {
    given = (transformer, textEncoder)
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
