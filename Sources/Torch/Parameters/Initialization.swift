/// How a parameter starts when it is not loaded. "Fan" is the number of inputs per output element.
public enum Initialization: Sendable {
  case zeros
  case ones
  case constant(Double)
  /// Given values in row-major order.
  case values([Double])
  case normal(deviation: Double)
  case uniform(bound: Double)
  /// Uniform ±√(6 / (fan in + fan out)).
  case xavierUniform
  /// Uniform ±1/√fan in: what libtorch's linear and convolution layers start from.
  case fanIn
  /// Uniform ±1/√fan of the weight that this bias belongs to.
  case bias(fanIn: Int)

  /// In float32 on the CPU.
  public func tensor(_ shape: [Int], generator: Generator) -> Tensor {
    func uniform(_ bound: Double) -> Tensor {
      Tensor.rand(shape, generator: generator) * (2 * bound) - bound
    }
    let fanIn = Double(shape.dropFirst().reduce(1, *))
    switch self {
    case .zeros: return .zeros(shape)
    case .ones: return .ones(shape)
    case .constant(let value): return .full(shape, value)
    case .values(let values): return Tensor(values, shape: shape).to(.float32)
    case .normal(let deviation): return Tensor.randn(shape, generator: generator) * deviation
    case .uniform(let bound): return uniform(bound)
    case .xavierUniform:
      let receptiveField = Double(shape.dropFirst(2).reduce(1, *))
      return uniform((6 / (fanIn + Double(shape[0]) * receptiveField)).squareRoot())
    case .fanIn: return uniform(1 / fanIn.squareRoot())
    case .bias(let fanIn): return uniform(1 / Double(fanIn).squareRoot())
    }
  }
}
