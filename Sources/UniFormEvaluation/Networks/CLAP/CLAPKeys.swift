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

  /// laion_clap's, with a front end and heads of its pre-training besides.
  private static func fromLAION(_ weights: Weights) throws(WeightError) -> Weights {
    try HTSATKeys.split(
      weights.renamed { name in
        var steps = name.split(separator: ".").map(String.init)
        switch steps[0] {
        case "text_branch": steps[0] = "text_model"
        case "audio_branch":
          guard !HTSATKeys.isFrontEnd(steps[1]), let inner = HTSATKeys.current(Array(steps.dropFirst()))
          else {
            return nil
          }
          steps = ["audio_model", "audio_encoder"] + inner
        case "audio_projection", "text_projection":
          steps[1] = ["0": "linear1", "2": "linear2"][steps[1]] ?? steps[1]
        case "audio_transform", "text_transform": return nil
        default: break
        }
        return steps.joined(separator: ".")
      })
  }
}
