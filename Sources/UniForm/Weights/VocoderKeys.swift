public import Torch

/// Key names of published HiFi-GAN files brought to those of ``HiFiGAN``, which are transformers' names.
public enum VocoderKeys {
  /// Accepts transformers' layout and the original one: `ups` instead of `upsampler`, everything under
  /// `generator` or `vocoder`, weight normalisation not yet folded.
  public static func generator(_ weights: Weights) throws(WeightError) -> Weights {
    let scoped = weights.scoped(prefix(in: weights))
    return try WeightNorm.folded(
      scoped.renamed { $0.hasPrefix("ups.") ? "upsampler." + $0.dropFirst("ups.".count) : $0 })
  }

  /// What the generator's names begin with in this file.
  static func prefix(in weights: Weights) -> String {
    ["generator.", "vocoder.", "first_stage_model.vocoder."].first { prefix in
      weights.items.keys.contains { $0.hasPrefix(prefix + "conv_pre.") }
    } ?? ""
  }
}
