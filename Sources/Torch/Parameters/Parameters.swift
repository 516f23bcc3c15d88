/// A place in a ``ParameterStore``: constructing a layer from it loads or initialises the layer, and the
/// checkpoint's key stands beside the field.
///
/// ```swift
/// attention = try SelfAttention(parameters["attn"], width: 1152, heads: 16)
/// ```
public struct Parameters {
  public let store: ParameterStore
  public let prefix: String

  public subscript(_ name: String) -> Parameters {
    Parameters(store: store, prefix: prefix.isEmpty ? name : "\(prefix).\(name)")
  }

  public subscript(_ index: Int) -> Parameters { self["\(index)"] }

  /// The parameter of this name and shape. Throws ``WeightError`` where a file lacks it or disagrees.
  public func callAsFunction(
    _ name: String, _ shape: Int..., initialization: Initialization = .fanIn
  ) throws(WeightError) -> Tensor {
    try store.make(self[name].prefix, shape, initialization, isBuffer: false)
  }

  /// Like a parameter, but never trained.
  public func buffer(
    _ name: String, _ shape: Int..., initialization: Initialization = .zeros
  ) throws(WeightError) -> Tensor {
    try store.make(self[name].prefix, shape, initialization, isBuffer: true)
  }

  /// Whether layers pack their weights: see ``ParameterStore/packs``.
  var packs: Bool { store.packs }

  /// Whether a file holds this name; always true for new parameters.
  public func contains(_ name: String) -> Bool { store.contains(self[name].prefix) }
}
