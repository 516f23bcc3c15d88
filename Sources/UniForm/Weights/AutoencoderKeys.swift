internal import Foundation
public import Torch

extension Weights {
  /// An autoencoder's tensors under today's diffusers names, whichever of three spellings the file has: that one,
  /// diffusers' older attention names (`query`, `key`, `value`, `proj_attn`), or the names of the original latent
  /// diffusion code, whose attention weights are 1×1 convolutions and whose decoder counts levels from the output.
  public func withAutoencoderKeys() -> Weights {
    let levels = (items.keys.compactMap(decoderLevel).max() ?? -1) + 1
    var result = renamed { name in
      let steps = name.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
      return autoencoderKey(steps, levels: levels).joined(separator: ".")
    }
    for (name, item) in result.items where name.contains(".attentions.") && item.shape.count == 4 {
      let shape = Array(item.shape.prefix(2))
      guard item.shape[2...] == [1, 1] else { continue }
      result.items[name] = Item(shape: shape, origin: item.origin) { () throws(WeightError) in
        try item.load().reshaped(shape)
      }
    }
    return result
  }
}

/// The level of `decoder.up.{level}.…`, wherever the autoencoder lies in its file.
private func decoderLevel(_ name: String) -> Int? {
  let steps = name.split(separator: ".")
  guard let up = steps.firstIndex(of: "up"), up > 0, steps[up - 1] == "decoder", up + 1 < steps.count
  else { return nil }
  return levelNumber(steps[up + 1])
}

/// A level of a plausible depth; anything else in its place stays as it is.
private func levelNumber(_ step: some StringProtocol) -> Int? {
  Int(step).flatMap { (0..<64).contains($0) ? $0 : nil }
}

private let attentionKeys = [
  "query": ["to_q"], "key": ["to_k"], "value": ["to_v"], "proj_attn": ["to_out", "0"], "q": ["to_q"],
  "k": ["to_k"], "v": ["to_v"], "proj_out": ["to_out", "0"], "norm": ["group_norm"],
]

/// The steps of a key from the first one on, renamed.
private func autoencoderKey(_ steps: [String], levels: Int) -> [String] {
  guard let start = steps.firstIndex(where: { $0 == "encoder" || $0 == "decoder" }) else { return steps }
  let half = steps[start]
  var result = Array(steps[...start])
  var rest = steps[(start + 1)...]
  var insideAttention = false
  while let step = rest.popFirst() {
    switch step {
    case "down", "up":
      let level = rest.popFirst() ?? ""
      let index = half == "decoder" ? levelNumber(level).map { "\(levels - 1 - $0)" } ?? level : level
      result += ["\(step)_blocks", index]
    case "block": result.append("resnets")
    case "downsample": result += ["downsamplers", "0"]
    case "upsample": result += ["upsamplers", "0"]
    case "mid": result.append("mid_block")
    case "block_1": result += ["resnets", "0"]
    case "block_2": result += ["resnets", "1"]
    case "nin_shortcut": result.append("conv_shortcut")
    case "norm_out": result.append("conv_norm_out")
    case "attn_1", "attentions":
      insideAttention = true
      result += step == "attn_1" ? ["attentions", "0"] : [step]
    default: result += insideAttention ? attentionKeys[step] ?? [step] : [step]
    }
  }
  return result
}
