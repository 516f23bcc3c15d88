internal import Foundation
internal import Torch

/// The published forms of the frozen parts. Each reads the configuration beside the weights into the model.
extension ModelDirectory {
  mutating func textEncoderRecipe(_ source: ImportSource) throws -> PartImport.Recipe {
    guard let configuration = try source.configuration(T5Encoder.Configuration.self) else {
      throw ImportError.noConfiguration(file: source.file.path, key: "d_model")
    }
    textEncoder = configuration
    var weights = source.weights
    var patterns = [
      NamePattern("decoder.*", "only the encoder is used"),
      NamePattern("lm_head.*", "only the encoder is used"),
    ]
    if weights.items["shared.weight"] != nil {
      patterns.append(NamePattern("encoder.embed_tokens.weight", "the same tensor as shared.weight"))
    }
    let ignored = weights.remove(patterns)
    return PartImport.Recipe(
      format: "FLAN-T5 (T5 v1.1)", licence: PublishedLicence.flanT5, weights: T5Keys.encoder(weights),
      ignored: ignored)
  }

  mutating func videoVAERecipe(_ source: ImportSource) throws -> PartImport.Recipe {
    videoVAE = try source.configuration() ?? VideoVAE.Configuration()
    return PartImport.Recipe(
      format: "OpenSora-VAE-v1.2", licence: PublishedLicence.openSora,
      weights: source.weights.withAutoencoderKeys())
  }

  mutating func audioVAERecipe(_ source: ImportSource) throws -> PartImport.Recipe {
    let prefix = "first_stage_model."
    let isCheckpoint = source.weights.items.keys.contains { $0.hasPrefix(prefix) }
    if let configuration = try source.configuration(AudioVAE.Configuration.self) {
      audioVAE = configuration
    } else {
      audioVAE = .audio
      // The factor belongs to the weights: a checkpoint of the original code carries it, nothing else would.
      guard let factor = source.weights.items["scale_factor"], factor.shape.reduce(1, *) == 1 else {
        throw ImportError.noConfiguration(file: source.file.path, key: "scaling_factor")
      }
      audioVAE.scalingFactor = try factor.load().item
      try audioVAE.validate()
    }
    var weights = source.weights
    var ignored: [ImportReport.Group] = []
    if isCheckpoint {
      (weights, ignored) = weights.part(below: prefix, others: "other parts of the checkpoint")
    } else {
      ignored = weights.remove([NamePattern("scale_factor", "read into the configuration")])
    }
    ignored += weights.remove([
      NamePattern("vocoder.*", "the vocoder is a part of its own"),
      NamePattern("loss.*", "only used in training"),
    ])
    return PartImport.Recipe(
      format: "AudioLDM autoencoder", licence: PublishedLicence.audioLDM,
      weights: weights.withAutoencoderKeys(), ignored: ignored)
  }

  mutating func vocoderRecipe(_ source: ImportSource) throws -> PartImport.Recipe {
    vocoder = try source.configuration() ?? HiFiGAN.Configuration()
    let prefix = VocoderKeys.prefix(in: source.weights)
    let (_, ignored) = source.weights.part(below: prefix, others: "other parts of the checkpoint")
    var recipe = PartImport.Recipe(
      format: "AudioLDM vocoder (HiFi-GAN)", licence: PublishedLicence.audioLDM,
      weights: try VocoderKeys.generator(source.weights), ignored: ignored)
    if !vocoder.normalizesInput {
      recipe.optional = ["mean", "scale"].map { NamePattern($0, "only used where normalize_before is true") }
    }
    return recipe
  }
}
