public import Torch

extension ModelDirectory {
  /// Names, shapes and first values of the tensors that the configuration of a part asks for, without its weights
  /// and without memory for them.
  public func outline(of part: Part) throws -> [ParameterStore.Entry] {
    let store = ParameterStore.outline()
    switch part {
    case .textEncoder: _ = try T5Encoder(store.root, textEncoder)
    case .transformer: _ = try UniFormDiT(store.root, transformer)
    case .videoVAE: _ = try VideoVAE(store.root, videoVAE)
    case .audioVAE: _ = try AudioVAE(store.root, audioVAE)
    case .vocoder: _ = try HiFiGAN(store.root, vocoder)
    }
    return store.entries
  }

  /// Whether the weights of a part are there.
  public func hasWeights(_ part: Part) -> Bool { (try? weightsURL(part)) != nil }
}
