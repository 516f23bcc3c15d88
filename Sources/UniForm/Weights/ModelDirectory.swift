public import Foundation
internal import Torch

/// A model on disk, in the layout of diffusers: `model_index.json` and one folder per part.
///
/// Opening one reads and checks every configuration, and that the parts fit together; weights are only opened by the
/// loaders (`loadTransformer` and its siblings).
public struct ModelDirectory: Sendable {
  public internal(set) var url: URL
  public internal(set) var index: ModelIndex
  public internal(set) var textEncoder: T5Encoder.Configuration
  public internal(set) var transformer: UniFormDiT.Configuration
  public internal(set) var diffusion: DiffusionConfiguration
  public internal(set) var videoVAE: VideoVAE.Configuration
  public internal(set) var audioVAE: AudioVAE.Configuration
  public internal(set) var mel: MelSpectrogram.Configuration
  public internal(set) var vocoder: HiFiGAN.Configuration
  /// Low-rank adapters that are added to the transformer whenever it is loaded, one after another.
  public var adapters: [Adapter] = []

  /// - Parameter isTrained: false opens a directory whose weights and tokenizer are still to be trained.
  /// - Throws: ``ModelError`` or ``ConfigurationError``, with the file and the key.
  public init(_ url: URL, isTrained: Bool = true) throws {
    var isDirectory: ObjCBool = false
    guard FileManager.default.fileExists(atPath: url.path, isDirectory: &isDirectory) else {
      throw ModelError.unknownModel(url.path, searched: [])
    }
    guard isDirectory.boolValue else { throw ModelError.notAModel(path: url.path, reason: "it is a file") }
    guard FileManager.default.fileExists(atPath: url.appending(path: Self.indexName).path) else {
      throw ModelError.notAModel(path: url.path, reason: "it has no \(Self.indexName)")
    }
    func read<Configuration: JSONConfiguration>(_ path: String) throws -> Configuration {
      let file = url.appending(path: path)
      guard FileManager.default.fileExists(atPath: file.path) else {
        throw ModelError.missingFile(path: file.path)
      }
      return try Configuration(contentsOf: file)
    }
    self.url = url
    index = try read(Self.indexName)
    textEncoder = try read("text_encoder/config.json")
    transformer = try read("transformer/config.json")
    diffusion = try read("scheduler/scheduler_config.json")
    videoVAE = try read("vae/config.json")
    audioVAE = try read("audio_vae/config.json")
    mel = try read("mel/config.json")
    vocoder = try read("vocoder/config.json")
    try checkConsistency()
    if isTrained { try requireWeights(of: Part.allCases, andTokenizer: true) }
  }

  /// The paper's model, before anything is written: every configuration is the default of its type.
  init(paperAt url: URL) {
    self.url = url
    index = ModelIndex()
    index.name = url.standardizedFileURL.lastPathComponent
    textEncoder = T5Encoder.Configuration()
    transformer = UniFormDiT.Configuration()
    transformer.captionChannels = textEncoder.width
    diffusion = DiffusionConfiguration()
    videoVAE = VideoVAE.Configuration()
    audioVAE = AudioVAE.Configuration.audio
    mel = MelSpectrogram.Configuration()
    vocoder = HiFiGAN.Configuration()
  }

  static let indexName = "model_index.json"

  public var name: String { index.name }
  public var geometry: ClipGeometry { index.geometry }
  public var defaults: ModelIndex.Defaults { index.defaults }
  public var knownClasses: [ModelIndex.KnownClass] { index.knownClasses }

  /// The folder of a model: a path as it is, or a bare name looked up below each of `folders`.
  public static func locate(_ nameOrPath: String, in folders: [URL] = []) throws(ModelError) -> URL {
    let path = URL(filePath: nameOrPath)
    let manager = FileManager.default
    if nameOrPath.contains("/") || manager.fileExists(atPath: path.path) { return path }
    for folder in folders {
      let candidate = folder.appending(path: nameOrPath)
      if !nameOrPath.isEmpty && manager.fileExists(atPath: candidate.path) { return candidate }
    }
    throw .unknownModel(nameOrPath, searched: folders.map(\.path))
  }
}

// MARK: Files

extension ModelDirectory {
  /// The parts that have weights, by folder.
  public enum Part: String, Sendable, CaseIterable {
    case textEncoder = "text_encoder"
    case transformer
    case videoVAE = "vae"
    case audioVAE = "audio_vae"
    case vocoder

    /// transformers and diffusers call their files differently.
    public var weightsName: String {
      switch self {
      case .textEncoder, .vocoder: "model.safetensors"
      case .transformer, .videoVAE, .audioVAE: "diffusion_pytorch_model.safetensors"
      }
    }
  }

  public var tokenizerURL: URL { url.appending(path: "tokenizer/spiece.model") }

  /// - Throws: ``ModelError`` for the first file that is not there.
  public func requireWeights(of parts: [Part], andTokenizer: Bool = false) throws(ModelError) {
    for part in parts { _ = try weightsURL(part) }
    if andTokenizer && !FileManager.default.fileExists(atPath: tokenizerURL.path) {
      throw .missingFile(path: tokenizerURL.path)
    }
  }

  /// The weights of a part: one safetensors file, or the index of a sharded set.
  public func weightsURL(_ part: Part) throws(ModelError) -> URL {
    let whole = url.appending(path: part.rawValue).appending(path: part.weightsName)
    let sharded = whole.appendingPathExtension("index.json")
    let manager = FileManager.default
    if manager.fileExists(atPath: whole.path) { return whole }
    if manager.fileExists(atPath: sharded.path) { return sharded }
    let folder = whole.deletingLastPathComponent()
    let names = ((try? manager.contentsOfDirectory(atPath: folder.path)) ?? []).sorted()
    if let pickle = names.first(where: ImportSource.isPickle) {
      throw .pickle(path: folder.appending(path: pickle).path)
    }
    throw .missingFile(path: whole.path)
  }
}
