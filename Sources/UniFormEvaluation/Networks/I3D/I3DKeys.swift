internal import Torch

/// Names of public I3D files brought to those of VideoGPT's.
enum I3DKeys {
  static func current(_ weights: Weights) -> Weights {
    if weights.items.keys.contains(where: { $0.hasPrefix("RGB/inception_i3d/") }) {
      return fromTensorFlow(weights)
    }
    if weights.items.keys.contains(where: { $0.hasPrefix("conv3d_1a_7x7.") }) {
      return weights.withoutCounters.renamed(fromHassony)
    }
    return weights.withoutCounters
  }

  /// hassony2's: `mixed_3b.branch_1.0.batch3d.weight` for `Mixed_3b.b1a.bn.weight`.
  private static func fromHassony(_ name: String) -> String {
    var steps = name.split(separator: ".").map(String.init)
    guard let first = steps.first else { return name }
    steps[0] = first == "conv3d_0c_1x1" ? "logits" : first.prefix(1).uppercased() + first.dropFirst()
    if steps.count > 1, let branch = branches[steps[1]] {
      let unit = branch == "b0" ? nil : Int(steps[2])
      steps.replaceSubrange(
        1...(unit == nil ? 1 : 2), with: [branch + (unit == 0 ? "a" : unit == 1 ? "b" : "")])
    }
    return steps.map { $0 == "batch3d" ? "bn" : $0 }.joined(separator: ".")
  }

  private static let branches = ["branch_0": "b0", "branch_1": "b1", "branch_2": "b2", "branch_3": "b3"]

  /// The graph's: `RGB/inception_i3d/Mixed_3b/Branch_1/Conv3d_0a_1x1/conv_3d/w`, with the channels last.
  private static func fromTensorFlow(_ weights: Weights) -> Weights {
    var items: [String: Weights.Item] = [:]
    for (name, item) in weights.items {
      let steps = name.split(separator: "/").dropFirst(2).map(String.init)
      guard let renamed = fromTensorFlow(steps) else {
        items[name] = item
        continue
      }
      items[renamed] = steps.last == "w" ? filters(item) : vector(item)
    }
    return Weights(items: items, source: weights.source)
  }

  private static func fromTensorFlow(_ steps: [String]) -> String? {
    guard steps.count >= 3, let leaf = leaves[Array(steps.suffix(2))] else { return nil }
    let path = steps.dropLast(2)
    if path.first == "Logits" { return "logits.\(leaf)" }
    if path.count == 1 { return "\(path[0]).\(leaf)" }
    guard path.count == 3, let branch = branches[path[1].lowercased()] else { return nil }
    // Two units in a row are 1×1 and 3×3; in one block both are called 0a.
    let unit = branch == "b0" ? "" : path[2].hasSuffix("3x3") || branch == "b3" ? "b" : "a"
    return "\(path[0]).\(branch)\(unit).\(leaf)"
  }

  private static let leaves: [[String]: String] = [
    ["conv_3d", "w"]: "conv3d.weight", ["conv_3d", "b"]: "conv3d.bias", ["batch_norm", "beta"]: "bn.bias",
    ["batch_norm", "moving_mean"]: "bn.running_mean",
    ["batch_norm", "moving_variance"]: "bn.running_var",
  ]

  /// `[kt, kh, kw, in, out]` to `[out, in, kt, kh, kw]`.
  private static func filters(_ item: Weights.Item) -> Weights.Item {
    guard item.shape.count == 5 else { return item }
    let s = item.shape
    return .init(shape: [s[4], s[3], s[0], s[1], s[2]], origin: item.origin) { () throws(WeightError) in
      try item.load().permuted(4, 3, 0, 1, 2).contiguous
    }
  }

  /// `[1, 1, 1, 1, C]` to `[C]`.
  private static func vector(_ item: Weights.Item) -> Weights.Item {
    .init(shape: [item.shape.reduce(1, *)], origin: item.origin) { () throws(WeightError) in
      try item.load().flattened()
    }
  }
}
