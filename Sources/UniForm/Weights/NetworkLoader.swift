internal import Torch

extension ModelDirectory.Part {
  /// The tensors of a published file of this part, whatever their spelling, under this package's names.
  func named(_ weights: Weights) throws(WeightError) -> Weights {
    switch self {
    case .textEncoder: T5Keys.encoder(weights)
    case .transformer: weights.renamed { $0 == "rope.freqs" ? nil : $0 }  // computed here
    case .videoVAE, .audioVAE: weights.withAutoencoderKeys()
    case .vocoder: try VocoderKeys.generator(weights)
    }
  }
}

/// The halves of an autoencoder, which load without each other.
enum AutoencoderHalf {
  case encoder, decoder

  func owns(_ tensor: String) -> Bool {
    let steps = tensor.split(separator: ".")
    return switch self {
    case .encoder: steps.contains("encoder") || steps.contains("quant_conv")
    case .decoder: steps.contains("decoder") || steps.contains("post_quant_conv")
    }
  }
}

extension Weights {
  /// The network that these tensors belong to, in `dtype` whatever they are stored in. Throws `WeightError` where one
  /// is missing or has another shape, and where there are more than the network, or its other half, has.
  ///
  /// - Parameters:
  ///   - part: whose published spellings are understood; nil takes the names as they are.
  ///   - forInference: packs weights; the network records no gradients. See `ParameterStore`.
  func network<Network>(
    _ part: ModelDirectory.Part? = nil, dtype: DType = .float32, device: Device = .cpu,
    half: AutoencoderHalf? = nil, forInference: Bool = false, _ make: (Parameters) throws -> Network
  ) throws -> Network {
    let weights = try part?.named(self) ?? self
    let store = ParameterStore(
      loading: weights, dtype: dtype, device: device, forInference: forInference)
    let network = try make(store.root)
    releasePages()
    let other: AutoencoderHalf? = half.map { $0 == .encoder ? .decoder : .encoder }
    let unknown = store.unusedNames.filter { other?.owns($0) != true }
    guard unknown.isEmpty else { throw WeightError.unexpected(tensors: unknown, file: source) }
    if store.packs { weights.releasePages() }
    return network
  }
}
