public import Torch

/// Key names of PixArt-α and PixArt-Σ files brought to those of STDiT3, whose spatial blocks have the same form.
///
/// What an image model lacks stays absent: temporal blocks, the frame rate, and in diffusers' layout the null caption.
public enum PixArtKeys {
  /// Accepts diffusers' layout, where queries, keys and values are apart, and the original one.
  public static func transformer(_ weights: Weights) throws(WeightError) -> Weights {
    var result = weights
    result.items = [:]
    var pieces: [String: [Weights.Item?]] = [:]
    for (name, item) in weights.items {
      if let (target, index, count) = joinedName(name) {
        pieces[target, default: Array(repeating: nil, count: count)][index] = item
      } else {
        result.items[renamed(name)] = item
      }
    }
    for (target, items) in pieces {
      result.items[target] = try joined(items, as: target, source: weights.source)
    }
    let patch = "x_embedder.proj.weight"
    if let item = result.items[patch], item.shape.count == 4 {
      let shape = Array(item.shape[..<2]) + [1] + item.shape[2...]
      result.items[patch] = Weights.Item(shape: shape, origin: item.origin) { () throws(WeightError) in
        try item.load().reshaped(shape)
      }
    }
    return result
  }

  /// The name in a diffusers file of what STDiT3 calls `name`; the first one where several are joined.
  static func published(_ name: String) -> String {
    if let (block, rest) = block(of: name, in: "spatial_blocks.") {
      for (target, sources) in joins where rest.hasPrefix(target) {
        return "transformer_blocks.\(block).\(sources[0])\(rest.dropFirst(target.count))"
      }
      return "transformer_blocks.\(block).\(replacing(rest, blockNames.map { ($0.1, $0.0) }))"
    }
    return replacing(name, topNames.map { ($0.1, $0.0) })
  }

  private static let topNames = [
    ("pos_embed.proj.", "x_embedder.proj."),
    ("adaln_single.emb.timestep_embedder.linear_1.", "t_embedder.mlp.0."),
    ("adaln_single.emb.timestep_embedder.linear_2.", "t_embedder.mlp.2."),
    ("adaln_single.linear.", "t_block.1."),
    ("caption_projection.linear_1.", "y_embedder.y_proj.fc1."),
    ("caption_projection.linear_2.", "y_embedder.y_proj.fc2."),
    ("proj_out.", "final_layer.linear."),
    ("scale_shift_table", "final_layer.scale_shift_table"),
  ]

  private static let blockNames = [
    ("attn1.to_out.0.", "attn.proj."), ("attn2.to_q.", "cross_attn.q_linear."),
    ("attn2.to_out.0.", "cross_attn.proj."), ("ff.net.0.proj.", "mlp.fc1."), ("ff.net.2.", "mlp.fc2."),
  ]

  /// What is stacked along the rows, in this order.
  private static let joins = [
    ("attn.qkv.", ["attn1.to_q.", "attn1.to_k.", "attn1.to_v."]),
    ("cross_attn.kv_linear.", ["attn2.to_k.", "attn2.to_v."]),
  ]

  private static func renamed(_ name: String) -> String {
    if let (block, rest) = block(of: name, in: "transformer_blocks.") {
      return "spatial_blocks.\(block).\(replacing(rest, blockNames))"
    }
    if let (block, rest) = block(of: name, in: "blocks.") { return "spatial_blocks.\(block).\(rest)" }
    return replacing(name, topNames)
  }

  private static func joinedName(_ name: String) -> (target: String, index: Int, count: Int)? {
    guard let (block, rest) = block(of: name, in: "transformer_blocks.") else { return nil }
    for (target, sources) in joins {
      if let index = sources.firstIndex(where: { rest.hasPrefix($0) }) {
        let parameter = rest.dropFirst(sources[index].count)
        return ("spatial_blocks.\(block).\(target)\(parameter)", index, sources.count)
      }
    }
    return nil
  }

  private static func joined(
    _ items: [Weights.Item?], as target: String, source: String
  ) throws(WeightError) -> Weights.Item {
    guard let (block, rest) = block(of: target, in: "spatial_blocks."),
      let (prefix, names) = joins.first(where: { rest.hasPrefix($0.0) })
    else { throw .missing(tensor: target, file: source) }
    var parts: [Weights.Item] = []
    for (item, name) in zip(items, names) {
      let key = "transformer_blocks.\(block).\(name)\(rest.dropFirst(prefix.count))"
      guard let item else { throw .missing(tensor: key, file: source) }
      if let first = parts.first, item.shape != first.shape {
        throw .wrongShape(tensor: key, expected: first.shape, found: item.shape, file: source)
      }
      parts.append(item)
    }
    guard let first = parts.first, let rows = first.shape.first else {
      throw .wrongShape(tensor: published(target), expected: [0], found: [], file: source)
    }
    let shape = [rows * parts.count] + first.shape.dropFirst()
    return Weights.Item(shape: shape) { [parts] () throws(WeightError) in
      var tensors: [Tensor] = []
      for part in parts { tensors.append(try part.load()) }
      return .concatenate(tensors, axis: 0)
    }
  }

  /// `{prefix}{number}.{rest}`
  private static func block(of name: String, in prefix: String) -> (number: Substring, rest: Substring)? {
    guard name.hasPrefix(prefix) else { return nil }
    let steps = name.dropFirst(prefix.count).split(separator: ".", maxSplits: 1)
    guard steps.count == 2, Int(steps[0]) != nil else { return nil }
    return (steps[0], steps[1])
  }

  private static func replacing(_ name: some StringProtocol, _ rules: [(String, String)]) -> String {
    guard let (old, new) = rules.first(where: { name.hasPrefix($0.0) }) else { return String(name) }
    return new + name.dropFirst(old.count)
  }
}
