/// `x · weightᵀ + bias` over the last axis. Weights follow the dtype of the input, so that a float32 master copy
/// serves a bfloat16 pass.
public struct Linear {
  public let weight: Tensor  // [out, in]
  public let bias: Tensor?  // [out]
  let adapter: LowRankAdapter?

  public init(
    _ parameters: Parameters, _ inputs: Int, _ outputs: Int, bias: Bool = true,
    weightInitialization: Initialization = .fanIn, biasInitialization: Initialization? = nil
  ) throws(WeightError) {
    weight = try parameters("weight", outputs, inputs, initialization: weightInitialization)
    self.bias =
      bias ? try parameters("bias", outputs, initialization: biasInitialization ?? .bias(fanIn: inputs)) : nil
    adapter = try LowRankAdapter(parameters, inputs, outputs)
  }

  public func callAsFunction(_ x: Tensor) -> Tensor {
    let y = x.linear(weight.to(x.dtype), bias?.to(x.dtype))
    return adapter.map { y + $0(x) } ?? y
  }
}
