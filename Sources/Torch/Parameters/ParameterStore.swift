/// The flat, ordered, named list of a model's parameters: what an optimizer, an average, a checkpoint and a data
/// parallel run need. A model fills it while it is constructed.
public final class ParameterStore {
  public struct Entry {
    public let name: String
    public let tensor: Tensor
    /// Buffers are saved and loaded, never trained.
    public let isBuffer: Bool
    /// How it starts where it is not loaded.
    public let initialization: Initialization

    /// Whether it belongs to a low-rank adapter.
    public var isAdapter: Bool { name.contains(".lora_") }
  }

  enum Source {
    case weights(Weights)
    case generator(Generator)
    case outline
  }

  public private(set) var entries: [Entry] = []
  public let dtype: DType
  public let device: Device
  /// Layers that are made from now on get adapters where this says so; then nothing else is trained.
  public var adapters: LowRankAdapters?
  let source: Source
  private var used: Set<String> = []

  /// Parameters come from files, converted to `dtype` on `device`.
  public convenience init(loading weights: Weights, dtype: DType = .float32, device: Device = .cpu) {
    self.init(.weights(weights), dtype, device)
  }

  /// Parameters are drawn anew.
  public convenience init(seed: UInt64, dtype: DType = .float32, device: Device = .cpu) {
    self.init(.generator(Generator(seed: seed)), dtype, device)
  }

  /// Lists what a model holds without holding it: every tensor is one zero, expanded to its shape.
  public static func outline() -> ParameterStore { ParameterStore(.outline, .float32, .cpu) }

  private init(_ source: Source, _ dtype: DType, _ device: Device) {
    self.source = source
    self.dtype = dtype
    self.device = device
  }

  public var root: Parameters { Parameters(store: self, prefix: "") }

  /// Tensors of the files that nothing asked for.
  public var unusedNames: [String] {
    guard case .weights(let weights) = source else { return [] }
    return weights.items.keys.filter { !used.contains($0) }.sorted()
  }

  /// Throws where the files hold more than the model: a sign of a wrong configuration.
  public func requireAllUsed() throws(WeightError) {
    guard case .weights(let weights) = source else { return }
    let unused = unusedNames
    if !unused.isEmpty { throw .unexpected(tensors: unused, file: weights.source) }
  }

  /// Marks every parameter that is no buffer as a leaf that records gradients, and returns them in order.
  @discardableResult public func enableTraining() -> [Tensor] {
    trainable.map { $0.tensor.requireGradient() }
  }

  public var trainable: [Entry] { entries.filter { !$0.isBuffer && (adapters == nil || $0.isAdapter) } }

  /// Elements of all trainable parameters.
  public var parameterCount: Int { trainable.reduce(0) { $0 + $1.tensor.count } }

  func contains(_ name: String) -> Bool {
    guard case .weights(let weights) = source else { return true }
    return weights.items[name] != nil
  }

  func make(
    _ name: String, _ shape: [Int], _ initialization: Initialization, isBuffer: Bool
  ) throws(WeightError) -> Tensor {
    let tensor: Tensor
    switch source {
    case .weights(let weights):
      guard let item = weights.items[name] else { throw .missing(tensor: name, file: weights.source) }
      guard item.shape == shape else {
        throw .wrongShape(tensor: name, expected: shape, found: item.shape, file: weights.source)
      }
      used.insert(name)
      let loaded = try item.load()
      guard isBuffer || loaded.dtype.isFloatingPoint else {
        throw .wrongType(tensor: name, found: loaded.dtype, file: weights.source)
      }
      // A mapped file is read-only by contract; parameters that stay views of it must not be trained in place.
      tensor = loaded.dtype.isFloatingPoint ? loaded.to(dtype).to(device) : loaded.to(device)
    case .generator(let generator):
      tensor = initialization.tensor(shape, generator: generator).to(dtype).to(device)
    case .outline:
      tensor = Tensor.zeros([]).expanded(shape)
    }
    entries.append(
      Entry(name: name, tensor: tensor, isBuffer: isBuffer, initialization: initialization))
    return tensor
  }
}
