public import Torch

/// Weight normalisation `w = g · v / ‖v‖` folded into plain weights; the norm is over all axes but the first.
public enum WeightNorm {
  private static let spellings = [
    (gain: "weight_g", direction: "weight_v"),
    (gain: "parametrizations.weight.original0", direction: "parametrizations.weight.original1"),
  ]

  /// Every pair of gain and direction, in either spelling, becomes `weight` of the same module; other tensors
  /// stay as they are. Throws where one half of a pair is missing or does not fit.
  public static func folded(_ weights: Weights) throws(WeightError) -> Weights {
    var result = weights
    for (gainName, directionName) in spellings {
      for name in weights.items.keys.sorted() {
        guard let module = module(of: name, parameter: gainName) ?? module(of: name, parameter: directionName)
        else { continue }
        let (gainKey, directionKey) = (module + gainName, module + directionName)
        for key in [gainKey, directionKey] where weights.items[key] == nil {
          throw .missing(tensor: key, file: weights.source)
        }
        let (gain, direction) = (weights.items[gainKey]!, weights.items[directionKey]!)
        let expected = direction.shape.prefix(1) + direction.shape.dropFirst().map { _ in 1 }
        guard gain.shape == Array(expected) else {
          throw .wrongShape(
            tensor: gainKey, expected: Array(expected), found: gain.shape, file: weights.source)
        }
        result.items[gainKey] = nil
        result.items[directionKey] = nil
        result.items[module + "weight"] = Weights.Item(shape: direction.shape) { () throws(WeightError) in
          fold(gain: try gain.load(), direction: try direction.load())
        }
      }
    }
    return result
  }

  private static func fold(gain: Tensor, direction: Tensor) -> Tensor {
    let v = direction.to(.float32)
    let norm = v.squared.sum(Array(1..<v.rank), keepingAxes: true).sqrt
    return gain.to(.float32) * v / norm
  }

  /// The prefix before a parameter's name, with its dot; nil for other parameters.
  private static func module(of name: String, parameter: String) -> String? {
    guard name == parameter || name.hasSuffix("." + parameter) else { return nil }
    return String(name.dropLast(parameter.count))
  }
}
