/// Rows of a table picked by integer ids.
public struct Embedding {
  public let weight: Tensor  // [vocabulary, width]

  public init(
    _ parameters: Parameters, _ vocabulary: Int, _ width: Int,
    initialization: Initialization = .normal(deviation: 1)
  ) throws(WeightError) {
    weight = try parameters("weight", vocabulary, width, initialization: initialization)
  }

  public func callAsFunction(_ ids: Tensor) -> Tensor { weight.embedding(ids) }
}
