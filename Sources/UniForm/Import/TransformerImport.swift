internal import Foundation
internal import Torch

/// Names of a transformer's file that tell what it is.
enum TransformerFormat {
  /// hpcai's STDiT-v3, or a transformer of this program, which has the same names and more.
  case stdit3
  case pixArt
  /// PixArt's original layout, as converted from its `.pth`.
  case originalPixArt

  init?(_ weights: Weights) {
    func has(_ prefix: String) -> Bool { weights.items.keys.contains { $0.hasPrefix(prefix) } }
    if has("spatial_blocks.") {
      self = .stdit3
    } else if has("transformer_blocks.") {
      self = .pixArt
    } else if has("blocks.0.cross_attn.") {
      self = .originalPixArt
    } else {
      return nil
    }
  }
}

extension ModelDirectory {
  /// The transformer's recipe; its width of captions is that of the text encoder, whatever the file was made for.
  ///
  /// - Parameter choosesTextEncoder: take the FLAN-T5 whose width the file was made for; only while there is none.
  mutating func transformerRecipe(
    _ source: ImportSource, usesQKNorm: Bool, choosesTextEncoder: Bool
  ) throws -> PartImport.Recipe {
    guard let format = TransformerFormat(source.weights) else {
      throw ImportError.unknownFormat(
        file: source.file.path, part: "transformer", known: "STDiT-v3, PixArt-α and PixArt-Σ")
    }
    guard format != .stdit3 || !usesQKNorm else { throw ImportError.needsPixArt(file: source.file.path) }
    let captions: Int
    switch format {
    case .stdit3: captions = try readSTDiT3(source)
    case .pixArt, .originalPixArt:
      captions = try readPixArt(source, isOriginal: format == .originalPixArt, usesQKNorm: usesQKNorm)
    }
    if choosesTextEncoder, let fitting = T5Encoder.Configuration.flanT5(width: captions) {
      textEncoder = fitting
    }
    transformer.captionChannels = textEncoder.width
    try validate(transformer, source)

    var recipe =
      switch format {
      case .stdit3: stdit3Recipe(source)
      case .pixArt, .originalPixArt: try pixArtRecipe(source)
      }
    if captions != textEncoder.width {
      recipe.drop(
        "y_embedder.*", called: format == .pixArt ? "caption_projection.*" : "y_embedder.*",
        "for captions of width \(captions), the text encoder has \(textEncoder.width)")
      recipe.initialised.insert(
        NamePattern(
          "y_embedder.*", "random: the file's is \(captions) wide, captions are \(textEncoder.width)"),
        at: 0)
    } else {
      recipe.fitNullCaption(length: transformer.maximumTextLength)
      recipe.notes.append(
        "published caption projections were trained with T5 v1.1: with FLAN-T5 they need training, too")
    }
    return recipe
  }

  // MARK: Configurations

  /// Reads what shapes STDiT3; what the joint latent and training need stays as the model has it.
  private mutating func readSTDiT3(_ source: ImportSource) throws -> Int {
    guard let given = try source.configuration(UniFormDiT.Configuration.self) else {
      return source.captionWidth("y_embedder.y_proj.fc1.weight") ?? transformer.captionChannels
    }
    let base = transformer
    transformer = given
    transformer.captionDropProbability = base.captionDropProbability
    if !source.weights.items.keys.contains("modality_embedding") {
      // A plain STDiT3: its file has no say on the sound.
      transformer.audioChannels = base.audioChannels
      transformer.audioFrequencies = base.audioFrequencies
      transformer.audioStepsPerFrame = base.audioStepsPerFrame
      transformer.audioPatchSize = base.audioPatchSize
      transformer.sharedStem = base.sharedStem
      transformer.chunkPositions = base.chunkPositions
    }
    return given.captionChannels
  }

  private mutating func readPixArt(
    _ source: ImportSource, isOriginal: Bool, usesQKNorm: Bool
  ) throws -> Int {
    transformer.qkNorm = usesQKNorm
    guard let given = try source.configuration(PixArtConfiguration.self) else {
      let name = isOriginal ? "y_embedder.y_proj.fc1.weight" : "caption_projection.linear_1.weight"
      return source.captionWidth(name) ?? PixArtConfiguration().captionChannels
    }
    (transformer.depth, transformer.heads) = (given.layers, given.heads)
    (transformer.hiddenSize, transformer.mlpRatio) = (given.width, 4)
    transformer.patchSize = [1, given.patchSize, given.patchSize]
    transformer.inputChannels = given.inputChannels
    transformer.predictsVariance = given.outputChannels == 2 * given.inputChannels
    transformer.inputSquareSize = given.inputSquareSize
    return given.captionChannels
  }

  private func validate(_ configuration: UniFormDiT.Configuration, _ source: ImportSource) throws {
    do {
      try configuration.validate()
    } catch {
      throw ConfigurationError(
        error.message, source: source.folder.appending(path: "config.json").path)
    }
  }

  // MARK: Recipes

  private func stdit3Recipe(_ source: ImportSource) -> PartImport.Recipe {
    var recipe = PartImport.Recipe(
      format: "STDiT-v3", licence: PublishedLicence.openSora, weights: source.weights)
    recipe.ignored = recipe.weights.remove([NamePattern("rope.freqs", "computed")])
    recipe.initialised = Self.soundPatterns
    recipe.notes = [
      "published STDiT-v3 weights predict the velocity of a rectified flow over video alone: a start for training"
    ]
    return recipe
  }

  private func pixArtRecipe(_ source: ImportSource) throws -> PartImport.Recipe {
    let licence =
      PublishedLicence.stated(besides: source, part: .transformer, orCard: true) ?? PublishedLicence.pixArt
    var weights = source.weights
    let size = "the picture's size and shape, which UniForm does not tell its network"
    let ignored = weights.remove([
      NamePattern("pos_embed", "computed"), NamePattern("pos_embed.pos_embed", "computed"),
      NamePattern("adaln_single.emb.resolution_embedder.*", size),
      NamePattern("adaln_single.emb.aspect_ratio_embedder.*", size),
      NamePattern("csize_embedder.*", size), NamePattern("ar_embedder.*", size),
    ])
    var recipe = PartImport.Recipe(
      format: "PixArt", licence: licence, weights: try PixArtKeys.transformer(weights), ignored: ignored)
    if TransformerFormat(source.weights) == .pixArt {
      recipe.published = PixArtKeys.published
    } else {
      recipe.published = { $0.replacing("spatial_blocks.", with: "blocks.") }
    }
    recipe.initialised =
      [
        NamePattern("temporal_blocks.*", "an image model has none; they start as identity"),
        NamePattern("fps_embedder.*", "an image model has none; its output starts at zero"),
        NamePattern("y_embedder.y_embedding", "random: the file has no null caption"),
      ] + Self.soundPatterns
    if transformer.qkNorm {
      recipe.initialised += ["spatial_blocks.*.q_norm.weight", "spatial_blocks.*.k_norm.weight"].map {
        NamePattern($0, "ones; the weights were trained without this norm and need to adapt to it")
      }
    }
    recipe.notes = ["PixArt weights know pictures in latents of another autoencoder: a start for training"]
    return recipe
  }

  /// What UniForm adds to STDiT3.
  private static let soundPatterns = [
    NamePattern("audio_embedder.*", "random: the patches of the sound"),
    NamePattern("audio_final_layer.*", "zero: the first prediction for the sound is the mean"),
    NamePattern("task_embedder.*", "random: one column per task"),
    NamePattern("modality_embedding", "zero"),
    NamePattern("chunk_embedder.*", "random: the place of a frame in its chunk"),
  ]
}

extension ImportSource {
  fileprivate func captionWidth(_ name: String) -> Int? { weights.items[name]?.shape.last }
}

extension PartImport.Recipe {
  /// Leaves out tensors that the file knows by another name.
  mutating func drop(_ names: String, called published: String, _ reason: String) {
    ignored += weights.remove([NamePattern(names, reason)]).map {
      ImportReport.Group(names: published, count: $0.count, reason: reason)
    }
  }

  /// Null captions of another length are cut, or go on with their last row.
  mutating func fitNullCaption(length: Int) {
    let name = "y_embedder.y_embedding"
    guard let item = weights.items[name], item.shape.count == 2, item.shape[0] > 0, item.shape[0] != length
    else { return }
    let (rows, width) = (item.shape[0], item.shape[1])
    weights.items[name] = Weights.Item(shape: [length, width], origin: item.origin) {
      () throws(WeightError) in
      let stored = try item.load()
      if rows > length { return stored.narrowed(0, start: 0, length: length) }
      let last = stored.narrowed(0, start: rows - 1, length: 1)
      return .concatenate([stored, last.expanded(length - rows, width)], axis: 0)
    }
    notes.append("the null caption of \(rows) rows was \(rows > length ? "cut" : "extended") to \(length)")
  }
}
