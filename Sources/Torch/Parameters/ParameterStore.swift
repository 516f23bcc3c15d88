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
    /// Read, or only compared with what is asked for.
    case weights(Weights, areRead: Bool)
    case generator(Generator)
    case outline
  }

  /// Empty for a model that is packed: its layers alone hold what they compute with.
  public private(set) var entries: [Entry] = []
  public let dtype: DType
  public let device: Device
  /// Layers that are made from now on get adapters where this says so; then nothing else is trained.
  public var adapters: LowRankAdapters?
  /// What the names of parameters begin with that keep their values in training.
  public var frozenPrefixes: [String] = []
  /// Whether layers bring their weights into the order in which products read them fastest, and keep nothing else.
  public let packs: Bool
  let source: Source
  private var used: Set<String> = []
  /// Of the files, since their memory was given back last.
  private var bytesRead = 0

  /// Parameters come from files, converted to `dtype` on `device`.
  ///
  /// - Parameter forInference: packs weights where ``FusedKernels/areAvailable``. The files' memory is given back while
  ///   they are read, so that no weight is held twice.
  public convenience init(
    loading weights: Weights, dtype: DType = .float32, device: Device = .cpu, forInference: Bool = false
  ) {
    self.init(.weights(weights, areRead: true), dtype, device, forInference: forInference)
  }

  /// Files are compared with what a model asks for, and no parameter is read: each is one zero, expanded to its shape.
  public static func checking(_ weights: Weights) -> ParameterStore {
    ParameterStore(.weights(weights, areRead: false), .float32, .cpu, forInference: false)
  }

  /// Parameters are drawn anew.
  public convenience init(
    seed: UInt64, dtype: DType = .float32, device: Device = .cpu, forInference: Bool = false
  ) {
    self.init(.generator(Generator(seed: seed)), dtype, device, forInference: forInference)
  }

  /// Lists what a model holds without holding it: every tensor is one zero, expanded to its shape.
  public static func outline() -> ParameterStore {
    ParameterStore(.outline, .float32, .cpu, forInference: false)
  }

  /// The same on ``Device/outline``: the model can be run there, to see what it would take.
  public static func dryRun(dtype: DType = .float32) -> ParameterStore {
    ParameterStore(.outline, dtype, .outline, forInference: false)
  }

  private init(_ source: Source, _ dtype: DType, _ device: Device, forInference: Bool) {
    self.source = source
    self.dtype = dtype
    self.device = device
    packs =
      forInference && FusedKernels.areAvailable && device.kind == .cpu
      && (dtype == .float32 || dtype == .bfloat16)
  }

  public var root: Parameters { Parameters(store: self, prefix: "") }

  /// Tensors of the files that nothing asked for.
  public var unusedNames: [String] {
    guard case .weights(let weights, _) = source else { return [] }
    return weights.items.keys.filter { !used.contains($0) }.sorted()
  }

  /// Throws where the files hold more than the model: a sign of a wrong configuration.
  public func requireAllUsed() throws(WeightError) {
    guard case .weights(let weights, _) = source else { return }
    let unused = unusedNames
    if !unused.isEmpty { throw .unexpected(tensors: unused, file: weights.source) }
  }

  /// Marks every parameter that is no buffer as a leaf that records gradients, and returns them in order.
  @discardableResult public func enableTraining() -> [Tensor] {
    trainable.map { $0.tensor.requireGradient() }
  }

  public var trainable: [Entry] {
    entries.filter { entry in
      !entry.isBuffer && (adapters == nil || entry.isAdapter)
        && !frozenPrefixes.contains { entry.name.hasPrefix($0) }
    }
  }

  /// Elements of all trainable parameters.
  public var parameterCount: Int { trainable.reduce(0) { $0 + $1.tensor.count } }

  func contains(_ name: String) -> Bool {
    guard case .weights(let weights, _) = source else { return true }
    return weights.items[name] != nil
  }

  func make(
    _ name: String, _ shape: [Int], _ initialization: Initialization, isBuffer: Bool
  ) throws(WeightError) -> Tensor {
    let tensor: Tensor
    switch source {
    case .weights(let weights, let areRead):
      guard let item = weights.items[name] else { throw .missing(tensor: name, file: weights.source) }
      guard item.shape == shape else {
        throw .wrongShape(tensor: name, expected: shape, found: item.shape, file: weights.source)
      }
      used.insert(name)
      guard areRead else {
        tensor = Tensor.zeros([]).expanded(shape)
        break
      }
      let isCopied = packs || item.dtype != dtype || device.kind != .cpu
      if isCopied { releaseReadPages(of: weights, before: item.shape.reduce(4, *)) }
      let loaded = try item.load()
      guard isBuffer || loaded.dtype.isFloatingPoint else {
        throw .wrongType(tensor: name, found: loaded.dtype, file: weights.source)
      }
      // A mapped file is read-only by contract; parameters that stay views of it must not be trained in place.
      let converted = loaded.dtype.isFloatingPoint ? loaded.to(dtype).to(device) : loaded.to(device)
      // A small view would keep its neighbours, which are copied: the system maps files in blocks of up to 2 MB.
      tensor = packs && converted.count < Self.copiedCountLimit ? converted.cloned : converted
    case .generator(let generator):
      tensor = initialization.tensor(shape, generator: generator).to(dtype).to(device)
    case .outline:
      tensor =
        device.kind == .meta
        ? Tensor.empty(shape, dtype: dtype, device: device) : Tensor.zeros([]).expanded(shape)
    }
    if !packs {
      entries.append(
        Entry(name: name, tensor: tensor, isBuffer: isBuffer, initialization: initialization))
    }
    return tensor
  }

  /// What was read before is copied by now, or small.
  private func releaseReadPages(of weights: Weights, before next: Int) {
    bytesRead += next
    guard bytesRead > Self.copiedBytesLimit else { return }
    weights.releasePages()
    bytesRead = next
  }

  /// Elements of a tensor below which a model that is packed copies it.
  private static let copiedCountLimit = 64 << 10

  /// Bytes of a file that may stay in memory beside their copies.
  public static let copiedBytesLimit = 64 << 20
}
