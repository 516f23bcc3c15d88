public import Torch

/// Key names of published T5 files brought to those of ``T5Encoder``.
public enum T5Keys {
  /// Decoder and output head are dropped. The token embedding may be called `shared.weight` or
  /// `encoder.embed_tokens.weight`, or both: it is the same tensor.
  public static func encoder(_ weights: Weights) -> Weights {
    let hasShared = weights.items["shared.weight"] != nil
    return weights.renamed { name in
      if name.hasPrefix("decoder.") || name.hasPrefix("lm_head.") { return nil }
      if name == "encoder.embed_tokens.weight" { return hasShared ? nil : "shared.weight" }
      return name
    }
  }
}
