public import Foundation
public import Torch

/// Assembles a model directory from local copies of published checkpoints.
///
/// What is to be written is planned and checked first, from the headers of the files alone; then tensors are written
/// one by one, so that memory does not grow with the model. A directory that exists keeps the parts that are not named.
public struct ModelImport {
  public struct Options: Sendable {
    /// Of floating-point tensors; as stored where nil.
    public var dtype: DType?
    /// Of tensors that no file has.
    public var seed: UInt64 = 0
    /// Give PixArt weights a norm of queries and keys, which they were trained without.
    public var usesQKNorm = false
    /// The tokenizer's `spiece.model`, where it does not lie beside the text encoder.
    public var tokenizer: URL?

    public init() {}
  }

  /// The directory as it will be.
  public let model: ModelDirectory
  /// One per imported part.
  public var reports: [ImportReport] { parts.map(\.report) }
  /// Parts that will still have no weights.
  public let missing: [ModelDirectory.Part]
  let parts: [PartImport]
  let tokenizer: URL?
  let isNew: Bool

  init(
    model: ModelDirectory, missing: [ModelDirectory.Part], parts: [PartImport], tokenizer: URL?, isNew: Bool
  ) {
    self.model = model
    self.missing = missing
    self.parts = parts
    self.tokenizer = tokenizer
    self.isNew = isNew
  }

  /// Plans the import; nothing is written.
  ///
  /// - Throws: ``ImportError``, ``ModelError``, ``ConfigurationError``, `WeightError` or ``TokenizerError``, with the
  ///   file and the key.
  public init(
    to output: URL, from paths: [ModelDirectory.Part: URL], options: Options = Options()
  ) throws {
    isNew = try Self.isNew(output)
    var model = isNew ? ModelDirectory(paperAt: output) : try ModelDirectory(output, isTrained: false)
    model.keepLicence()
    // The text encoder first: the transformer's captions have its width.
    let order: [ModelDirectory.Part] = [.textEncoder, .videoVAE, .audioVAE, .vocoder, .transformer]
    var recipes: [(ModelDirectory.Part, PartImport.Recipe)] = []
    var tokenizer = options.tokenizer
    for part in order {
      guard let path = paths[part] else { continue }
      let source = try ImportSource(path, part: part)
      var recipe =
        switch part {
        case .textEncoder: try model.textEncoderRecipe(source)
        case .videoVAE: try model.videoVAERecipe(source)
        case .audioVAE: try model.audioVAERecipe(source)
        case .vocoder: try model.vocoderRecipe(source)
        case .transformer:
          try model.transformerRecipe(
            source, usesQKNorm: options.usesQKNorm,
            choosesTextEncoder: isNew && paths[.textEncoder] == nil)
        }
      recipe.licence =
        PublishedLicence.stated(besides: source, part: part, orCard: false) ?? recipe.licence
      if part == .textEncoder, tokenizer == nil { tokenizer = try Self.tokenizer(besides: source) }
      model.index.setLicence(recipe.licence, of: part)
      recipes.append((part, recipe))
    }
    if paths[.textEncoder] != nil, paths[.transformer] == nil { try model.followTextEncoder() }
    try model.checkConsistency()
    if let tokenizer { try model.check(tokenizer: tokenizer) }
    let planned = try recipes.map { part, recipe in
      try PartImport(
        part, recipe, outline: model.outline(of: part), dtype: options.dtype, seed: options.seed)
    }
    parts = planned
    missing = ModelDirectory.Part.allCases.filter { part in
      !model.hasWeights(part) && !planned.contains { $0.part == part }
    }
    self.tokenizer = tokenizer
    self.model = model
  }

  static func isNew(_ output: URL) throws(ImportError) -> Bool {
    let manager = FileManager.default
    let parent = output.standardizedFileURL.deletingLastPathComponent()
    var isFolder: ObjCBool = false
    guard manager.fileExists(atPath: parent.path, isDirectory: &isFolder), isFolder.boolValue else {
      throw .outputFolderMissing(path: output.path)
    }
    guard manager.fileExists(atPath: output.path, isDirectory: &isFolder) else { return true }
    guard isFolder.boolValue, let names = try? manager.contentsOfDirectory(atPath: output.path) else {
      throw .outputTaken(path: output.path)
    }
    if names.contains(ModelDirectory.indexName) { return false }
    guard names.isEmpty else { throw .outputTaken(path: output.path) }
    return true
  }

  /// In the folder of the text encoder, or in that of a pipeline's tokenizer.
  private static func tokenizer(besides source: ImportSource) throws(ImportError) -> URL {
    let name = "spiece.model"
    let candidates = [
      source.folder.appending(path: name),
      source.folder.deletingLastPathComponent().appending(path: "tokenizer/\(name)"),
    ]
    guard let url = candidates.first(where: { FileManager.default.fileExists(atPath: $0.path) }) else {
      throw .noTokenizer(folder: source.folder.path)
    }
    return url
  }
}

extension ModelDirectory {
  /// A transformer that is still to come takes captions as wide as the text encoder's.
  fileprivate mutating func followTextEncoder() throws {
    guard transformer.captionChannels != textEncoder.width else { return }
    guard !hasWeights(.transformer) else {
      throw ImportError.captionWidth(
        transformer: try weightsURL(.transformer).path, width: transformer.captionChannels,
        textEncoder: textEncoder.width)
    }
    transformer.captionChannels = textEncoder.width
  }

  /// Before parts with licences of their own come in, that of the whole is noted for the parts that are there.
  fileprivate mutating func keepLicence() {
    let licence = index.licence.isEmpty ? "not stated" : index.licence
    for part in Part.allCases where hasWeights(part) && index.licences[part.rawValue] == nil {
      index.licences[part.rawValue] = licence
    }
  }

  func check(tokenizer url: URL) throws {
    guard FileManager.default.fileExists(atPath: url.path) else { throw ImportError.missing(path: url.path) }
    let size = try T5Tokenizer(contentsOf: url).vocabularySize
    guard size <= textEncoder.vocabularySize else {
      throw ModelError.inconsistent(
        file: self.url.appending(path: "text_encoder/config.json").path, key: "vocab_size",
        found: "\(textEncoder.vocabularySize)", needed: "\(size) or more", by: "the tokenizer \(url.path)")
    }
  }
}
