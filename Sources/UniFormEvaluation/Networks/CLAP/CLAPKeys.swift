internal import Foundation
internal import Torch

/// Names of public CLAP files brought to transformers'.
enum CLAPKeys {
  /// Tables and scales that are computed, or play no part in an embedding, are dropped.
  static func current(_ weights: Weights) throws(WeightError) -> Weights {
    let scoped = weights.scoped(first: "module.")
    let isOriginal = scoped.items.keys.contains { $0.hasPrefix("audio_branch.") }
    let named = isOriginal ? try fromLAION(scoped) : scoped
    return named.renamed { name in
      let last = name.split(separator: ".").last ?? ""
      return dropped.contains(String(last)) ? nil : name
    }
  }

  private static let dropped: Set<String> = [
    "num_batches_tracked", "relative_position_index", "position_ids", "token_type_ids", "logit_scale_a",
    "logit_scale_t",
  ]

  /// laion_clap's, with queries, keys and values in one tensor, a front end and heads of its pre-training.
  private static func fromLAION(_ weights: Weights) throws(WeightError) -> Weights {
    var items: [String: Weights.Item] = [:]
    for (name, item) in weights.items {
      guard let renamed = fromLAION(name) else { continue }
      guard let range = renamed.range(of: ".qkv.") else {
        items[renamed] = item
        continue
      }
      var shape = item.shape
      guard let outputs = shape.first, outputs % 3 == 0 else {
        throw .malformed(file: weights.source, reason: "tensor \"\(name)\" does not split into three")
      }
      shape[0] = outputs / 3
      for (index, part) in ["query", "key", "value"].enumerated() {
        let key = renamed.replacingCharacters(in: range, with: ".self.\(part).")
        items[key] = .init(shape: shape, origin: name) { () throws(WeightError) in
          try item.load().narrowed(0, start: index * (outputs / 3), length: outputs / 3)
        }
      }
    }
    return Weights(items: items, source: weights.source)
  }

  private static func fromLAION(_ name: String) -> String? {
    var steps = name.split(separator: ".").map(String.init)
    switch steps[0] {
    case "text_branch": steps[0] = "text_model"
    case "audio_branch":
      let isPretraining = ["spectrogram_extractor", "logmel_extractor", "tscam_conv", "head"].contains(
        steps[1])
      if isPretraining || name.hasSuffix(".attn_mask") { return nil }
      steps = ["audio_model", "audio_encoder"] + steps.dropFirst().flatMap { audioSteps[$0] ?? [$0] }
      if let index = steps.firstIndex(of: "attention") {
        switch steps[index + 1] {
        case "proj": steps.replaceSubrange(index + 1...index + 1, with: ["output", "dense"])
        case "relative_position_bias_table", "relative_position_index": steps.insert("self", at: index + 1)
        default: break
        }
      }
    case "audio_projection", "text_projection":
      guard let linear = ["0": "linear1", "2": "linear2"][steps[1]] else { return name }
      steps[1] = linear
    case "audio_transform", "text_transform": return nil
    default: break
    }
    return steps.joined(separator: ".")
  }

  private static let audioSteps: [String: [String]] = [
    "bn0": ["batch_norm"], "attn": ["attention"], "norm1": ["layernorm_before"], "norm2": ["layernorm_after"],
    "mlp": [], "fc1": ["intermediate", "dense"], "fc2": ["output", "dense"],
  ]
}
