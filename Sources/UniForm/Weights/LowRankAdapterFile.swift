public import Foundation
internal import Torch

extension ModelDirectory {
  /// A file of low-rank adapters (LoRA), and how much of it is added: 1 is what was trained.
  public struct Adapter: Sendable, Equatable {
    public var url: URL
    public var scale: Double

    public init(url: URL, scale: Double = 1) {
      self.url = url
      self.scale = scale
    }

    /// `style.safetensors:0.8`
    var label: String { "\(url.lastPathComponent):\(scale)" }
  }

  /// What names in a file of adapters begin with: the folder of the part, as in diffusers.
  package static let adapterPrefix = "transformer."
}

/// The adapters of one file, with the names of peft and diffusers: `transformer.<layer>.lora_A.weight` `[rank, in]` and
/// `lora_B.weight` `[out, rank]`. The strength α comes from the file's metadata or from a tensor `<layer>.alpha`, and is
/// the rank where neither says.
struct LowRankAdapterFile {
  private let adapter: ModelDirectory.Adapter
  private let file: SafeTensors
  private var source: String { adapter.url.path }

  init(_ adapter: ModelDirectory.Adapter) throws(WeightError) {
    self.adapter = adapter
    file = try SafeTensors(contentsOf: adapter.url)
  }

  /// `W + scale · α / rank · B·A` for every layer of the file, computed when it is loaded.
  ///
  /// - Throws: `WeightError` for a layer that the model lacks or that has another shape, and for half an adapter.
  func merged(into weights: Weights) throws(WeightError) -> Weights {
    var result = weights
    let layers = Set(file.entries.keys.compactMap(layer)).sorted()
    guard !layers.isEmpty else { throw .malformed(file: source, reason: "it holds no lora_A and lora_B") }
    for layer in layers {
      let (down, up) = (try file.tensor("\(layer).lora_A.weight"), try file.tensor("\(layer).lora_B.weight"))
      let name = Self.withoutPrefix(layer) + ".weight"
      guard let base = weights.items[name] else {
        throw .unexpected(tensors: ["\(layer).lora_A.weight"], file: source)
      }
      guard up.rank == 2, down.rank == 2, [up.size(0), down.size(1)] == base.shape, up.size(1) == down.size(0)
      else {
        throw .wrongShape(
          tensor: "\(layer).lora_B·lora_A", expected: base.shape,
          found: up.shape.prefix(1) + down.shape.suffix(1), file: source)
      }
      guard down.size(0) > 0 else { throw .malformed(file: source, reason: "\(layer) has rank 0") }
      let factor = adapter.scale * (try alpha(of: layer) ?? Double(down.size(0))) / Double(down.size(0))
      result.items[name] = Weights.Item(shape: base.shape, origin: base.origin) { () throws(WeightError) in
        let weight = try base.load().to(.float32)
        let merged = weight + up.to(.float32).matmul(down.to(.float32)) * factor
        guard merged.isFinite.allTrue || !weight.isFinite.allTrue else {
          throw .malformed(file: source, reason: "what it adds to \(name) gives no numbers")
        }
        return merged
      }
    }
    return result
  }

  private func layer(_ name: String) -> String? {
    for suffix in [".lora_A.weight", ".lora_B.weight"] where name.hasSuffix(suffix) {
      return String(name.dropLast(suffix.count))
    }
    return nil
  }

  private static func withoutPrefix(_ layer: String) -> String {
    for prefix in ["base_model.model.", ModelDirectory.adapterPrefix] where layer.hasPrefix(prefix) {
      return String(layer.dropFirst(prefix.count))
    }
    return layer
  }

  private func alpha(of layer: String) throws(WeightError) -> Double? {
    guard let alpha = try storedAlpha(of: layer) else { return nil }
    guard alpha.isFinite else { throw .malformed(file: source, reason: "the alpha of \(layer) is \(alpha)") }
    return alpha
  }

  private func storedAlpha(of layer: String) throws(WeightError) -> Double? {
    let name = "\(layer).alpha"
    if let entry = file.entries[name] {
      guard entry.shape.reduce(1, *) == 1 else {
        throw .wrongShape(tensor: name, expected: [], found: entry.shape, file: source)
      }
      return try file.tensor(name).item
    }
    guard let text = file.metadata["lora_adapter_metadata"],
      let object = try? JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
    else { return nil }
    let value = object["\(ModelDirectory.adapterPrefix)lora_alpha"] ?? object["lora_alpha"]
    return (value as? NSNumber)?.doubleValue
  }
}
