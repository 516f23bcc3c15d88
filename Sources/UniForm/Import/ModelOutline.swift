public import Torch

extension ModelDirectory {
  /// Names, shapes and first values of the tensors that the configuration of a part asks for, without its weights
  /// and without memory for them.
  public func outline(of part: Part) throws -> [ParameterStore.Entry] {
    let store = ParameterStore.outline()
    try make(part, store.root)
    return store.entries
  }

  /// Asks for every parameter of a part.
  func make(_ part: Part, _ parameters: Parameters) throws {
    switch part {
    case .textEncoder: _ = try T5Encoder(parameters, textEncoder)
    case .transformer: _ = try UniFormDiT(parameters, transformer)
    case .videoVAE: _ = try VideoVAE(parameters, videoVAE)
    case .audioVAE: _ = try AudioVAE(parameters, audioVAE)
    case .vocoder: _ = try HiFiGAN(parameters, vocoder)
    }
  }

  /// Whether the weights of a part are there.
  public func hasWeights(_ part: Part) -> Bool { (try? weightsURL(part)) != nil }
}
