/// `x · weightᵀ + bias` over the last axis. Weights follow the dtype of the input, so that a float32 master copy
/// serves a bfloat16 pass.
public struct Linear {
  private let layerWeight: LayerWeight
  public let bias: Tensor?  // [out]
  let adapter: LowRankAdapter?

  public init(
    _ parameters: Parameters, _ inputs: Int, _ outputs: Int, bias: Bool = true,
    weightInitialization: Initialization = .fanIn, biasInitialization: Initialization? = nil
  ) throws(WeightError) {
    let weight = try parameters("weight", outputs, inputs, initialization: weightInitialization)
    layerWeight = parameters.packs ? .packed(PackedWeight(linear: weight)) : .plain(weight)
    self.bias =
      bias ? try parameters("bias", outputs, initialization: biasInitialization ?? .bias(fanIn: inputs)) : nil
    adapter = try LowRankAdapter(parameters, inputs, outputs)
  }

  /// A layer over tensors that a file holds under other names.
  public init(weight: Tensor, bias: Tensor?) {
    layerWeight = .plain(weight)
    self.bias = bias
    adapter = nil
  }

  /// `[out, in]`; a copy where the layer was loaded for inference.
  public var weight: Tensor { layerWeight.plain }

  public func callAsFunction(_ x: Tensor) -> Tensor {
    if let packed = layerWeight.packed(for: x) { return packed.linear(x, bias) }
    let y = x.linear(weight.to(x.dtype), bias?.to(x.dtype))
    return adapter.map { y + $0(x) } ?? y
  }

  /// The tanh form of GELU of the result.
  public func geluTanh(_ x: Tensor) -> Tensor {
    if let packed = layerWeight.packed(for: x) { return packed.linear(x, bias, then: .geluTanh) }
    let y = self(x)
    return FusedKernels.serve(y) ? y.fusedGeluTanh_() : y.geluTanh
  }

  /// The result plus a tensor of its shape.
  public func callAsFunction(_ x: Tensor, adding other: Tensor) -> Tensor {
    if let packed = layerWeight.packed(for: x) { return packed.linear(x, bias, then: .adding(other)) }
    return other + self(x)
  }

  /// The result times a tensor of its shape.
  public func callAsFunction(_ x: Tensor, times other: Tensor) -> Tensor {
    if let packed = layerWeight.packed(for: x) { return packed.linear(x, bias, then: .times(other)) }
    return other * self(x)
  }
}
