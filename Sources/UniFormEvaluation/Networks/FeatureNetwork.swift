public import Torch

/// A published network that turns pictures, sound or text into numbers to compare; built from its weight file alone.
///
/// Construction checks every name and shape and refuses a file of another network with a `WeightError`. The forward
/// passes record no gradients.
public protocol FeatureNetwork {
  static var network: EvaluationNetwork { get }

  /// - Parameter weights: the published file, converted to safetensors, under whichever of its known spellings.
  init(_ weights: Weights) throws
}

extension Weights {
  /// The network that exactly these tensors make, in float32.
  func network<Network>(_ make: (Parameters) throws -> Network) throws -> Network {
    let store = ParameterStore(loading: self)
    let network = try make(store.root)
    try store.requireAllUsed()
    return network
  }

  /// Without the counters of batch normalisation, which only training needs.
  var withoutCounters: Weights { renamed { $0.hasSuffix("num_batches_tracked") ? nil : $0 } }

  /// The tensors below the first of these prefixes that any name has, without it; all of them if none has.
  func scoped(first prefixes: String...) -> Weights {
    let prefix = prefixes.first { prefix in items.keys.contains { $0.hasPrefix(prefix) } }
    return prefix.map(scoped) ?? self
  }
}
