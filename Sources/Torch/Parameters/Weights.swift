public import Foundation

/// Named tensors that load on demand: one file, a sharded set, or either after renaming.
public struct Weights {
  public struct Item {
    public let shape: [Int]
    /// The name in the file, whatever the tensor is called by now; nil where several make one.
    public let origin: String?
    /// As stored; nil where several make one.
    public let dtype: DType?
    public let load: () throws(WeightError) -> Tensor

    public init(
      shape: [Int], origin: String? = nil, dtype: DType? = nil,
      load: @escaping () throws(WeightError) -> Tensor
    ) {
      self.shape = shape
      self.origin = origin
      self.dtype = dtype
      self.load = load
    }
  }

  public var items: [String: Item]
  /// The file or folder that messages name.
  public let source: String
  private var files: [SafeTensors] = []

  public init(items: [String: Item], source: String) {
    self.items = items
    self.source = source
  }

  /// One safetensors file, or the `.safetensors.index.json` of a sharded set.
  public init(contentsOf url: URL) throws(WeightError) {
    self.init(items: [:], source: url.path)
    guard url.pathExtension == "json" else {
      add(try SafeTensors(contentsOf: url))
      return
    }
    struct Index: Decodable { let weight_map: [String: String] }
    let index: Index
    do {
      index = try JSONDecoder().decode(Index.self, from: Data(contentsOf: url))
    } catch {
      throw .malformed(file: url.path, reason: "it is no index with a weight_map")
    }
    for shard in Set(index.weight_map.values).sorted() {
      guard !shard.contains("/"), shard != ".." else {
        throw .malformed(file: url.path, reason: "shard name \"\(shard)\" leaves the folder")
      }
      add(try SafeTensors(contentsOf: url.deletingLastPathComponent().appending(path: shard)))
    }
    for name in index.weight_map.keys where items[name] == nil {
      throw .missing(tensor: name, file: url.path)
    }
  }

  public init(_ file: SafeTensors) {
    self.init(items: [:], source: file.url.path)
    add(file)
  }

  private mutating func add(_ file: SafeTensors) {
    files.append(file)
    for (name, entry) in file.entries {
      items[name] = Item(shape: entry.shape, origin: name, dtype: entry.dtype) {
        () throws(WeightError) in try file.tensor(name)
      }
    }
  }

  /// The floating-point type that most elements are stored in.
  public var storedDType: DType? {
    var elements: [DType: Int] = [:]
    for item in items.values {
      guard let dtype = item.dtype, dtype.isFloatingPoint else { continue }
      elements[dtype, default: 0] += item.shape.reduce(1, *)
    }
    return elements.max { $0.value < $1.value }?.key
  }

  /// Gives back the memory of what was read so far: ``SafeTensors/releasePages()`` of every file.
  public func releasePages() {
    for file in files { file.releasePages() }
  }

  /// The same tensors under other names; nil drops a tensor.
  public func renamed(_ newName: (String) -> String?) -> Weights {
    var result = self
    result.items = [:]
    for (name, item) in items {
      if let key = newName(name) { result.items[key] = item }
    }
    return result
  }

  /// The tensors below a prefix, without it.
  public func scoped(_ prefix: String) -> Weights {
    renamed { $0.hasPrefix(prefix) ? String($0.dropFirst(prefix.count)) : nil }
  }
}
