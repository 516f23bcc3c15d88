public import Foundation
internal import Torch

extension ModelImport {
  /// Plans a model whose every part begins anew: where training starts, or to measure what a configuration takes.
  ///
  /// - Parameters:
  ///   - output: a folder that is new or empty.
  ///   - configuration: a model directory, with or without weights, which are not used.
  ///   - options: the seed of all tensors and their dtype, float32 where nil. The tokenizer is that of the configuration's
  ///     directory where none is named.
  /// - Throws: ``ImportError`` or ``TokenizerError``.
  public init(to output: URL, untrained configuration: ModelDirectory, options: Options = Options()) throws {
    guard try Self.isNew(output) else { throw ImportError.outputTaken(path: output.path) }
    let tokenizer = options.tokenizer ?? configuration.tokenizerURL
    guard FileManager.default.fileExists(atPath: tokenizer.path) else {
      throw ImportError.noTokenizer(folder: configuration.url.path)
    }
    var model = configuration
    model.url = output
    try model.check(tokenizer: tokenizer)
    let parts = try ModelDirectory.Part.allCases.map { part in
      try PartImport(
        untrained: part, outline: model.outline(of: part), licence: model.index.licence, dtype: options.dtype,
        seed: options.seed)
    }
    self.init(model: model, missing: [], parts: parts, tokenizer: tokenizer, isNew: true)
  }
}
