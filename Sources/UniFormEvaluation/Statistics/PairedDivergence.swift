public import Torch

/// Mean Kullback–Leibler divergence between a classifier's opinions on paired clips.
public struct PairedDivergence: Sendable, Equatable {
  public enum Probabilities: String, Sendable, Equatable {
    /// Over all classes together: "the" KL of papers on sound for video.
    case softmax
    /// Of each class alone; complements are left out, so it is no true divergence.
    case sigmoid
  }

  public enum Direction: Sendable, Equatable {
    /// KL(target ‖ generated), as papers have it.
    case fromTarget
    case fromGenerated
  }

  public var probabilities: Probabilities
  public var direction: Direction
  /// Added to the second probability before its logarithm, 1e-6 in audioldm_eval; 0 computes with exact logarithms, as
  /// av-benchmark does.
  public var epsilon: Double

  public init(
    _ probabilities: Probabilities = .softmax, direction: Direction = .fromTarget, epsilon: Double = 0
  ) {
    self.probabilities = probabilities
    self.direction = direction
    self.epsilon = epsilon
  }

  /// Of logits `[N, classes]`, row by row.
  public func callAsFunction(generated: Tensor, target: Tensor) throws(EvaluationError) -> Double {
    let values = try perPair(generated: generated, target: target)
    return values.reduce(0, +) / Double(values.count)
  }

  public func perPair(generated: Tensor, target: Tensor) throws(EvaluationError) -> [Double] {
    let (g, t) = (try checkedFeatures(generated, atLeast: 1), try checkedFeatures(target, atLeast: 1))
    guard g.size(1) == t.size(1) else { throw .widthsDiffer(g.size(1), t.size(1)) }
    guard g.size(0) == t.size(0) else { throw .countsDiffer(g.size(0), t.size(0)) }
    let (p, q) = direction == .fromTarget ? (t, g) : (g, t)
    let logP = logarithms(p)
    let logQ = epsilon > 0 ? (logarithms(q).exp + epsilon).log : logarithms(q)
    return (logP.exp * (logP - logQ)).sum([1]).values(as: Double.self)
  }

  private func logarithms(_ logits: Tensor) -> Tensor {
    switch probabilities {
    case .softmax: logits.logSoftmax(1)
    case .sigmoid: -(-logits).softplus
    }
  }
}
