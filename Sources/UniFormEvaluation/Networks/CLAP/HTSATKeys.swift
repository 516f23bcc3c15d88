internal import Foundation
internal import Torch

/// The original names of HTS-AT, in which all CLAP packages but transformers store it, brought to transformers'.
enum HTSATKeys {
  static func isFrontEnd(_ step: String) -> Bool {
    ["spectrogram_extractor", "logmel_extractor"].contains(step)
  }

  /// The steps of a name; nil for heads of the pre-training and for tables.
  static func current(_ original: [String]) -> [String]? {
    if ["tscam_conv", "head"].contains(original[0]) || original.last == "attn_mask" { return nil }
    var steps = original.flatMap { renamed[$0] ?? [$0] }
    if let index = steps.firstIndex(of: "attention"), index + 1 < steps.count {
      switch steps[index + 1] {
      case "proj": steps.replaceSubrange(index + 1...index + 1, with: ["output", "dense"])
      case "relative_position_bias_table": steps.insert("self", at: index + 1)
      default: break
      }
    }
    return steps
  }

  private static let renamed: [String: [String]] = [
    "bn0": ["batch_norm"], "attn": ["attention"], "norm1": ["layernorm_before"], "norm2": ["layernorm_after"],
    "mlp": [], "fc1": ["intermediate", "dense"], "fc2": ["output", "dense"],
  ]

  /// Queries, keys and values, one tensor in the original, as three.
  static func split(_ weights: Weights) throws(WeightError) -> Weights {
    var items: [String: Weights.Item] = [:]
    for (name, item) in weights.items {
      guard let range = name.range(of: ".attention.qkv.") else {
        items[name] = item
        continue
      }
      guard let outputs = item.shape.first, outputs % 3 == 0 else {
        throw .malformed(file: weights.source, reason: "tensor \"\(name)\" does not split into three")
      }
      for (index, part) in ["query", "key", "value"].enumerated() {
        let key = name.replacingCharacters(in: range, with: ".attention.self.\(part).")
        let shape = [outputs / 3] + item.shape.dropFirst()
        items[key] = .init(shape: shape, origin: item.origin) { () throws(WeightError) in
          try item.load().narrowed(0, start: index * (outputs / 3), length: outputs / 3)
        }
      }
    }
    return Weights(items: items, source: weights.source)
  }
}
