private let siluOperator = Operator("aten::silu")
private let geluOperator = Operator("aten::gelu")
private let reluOperator = Operator("aten::relu")
private let leakyReluOperator = Operator("aten::leaky_relu")
private let sigmoidOperator = Operator("aten::sigmoid")
private let softmaxOperator = Operator("aten::softmax.int")
private let logSoftmaxOperator = Operator("aten::log_softmax.int")
private let softplusOperator = Operator("aten::softplus")

extension Tensor {
  public var silu: Tensor { siluOperator(.tensor(self)) }
  /// The tanh form: `0.5·x·(1 + tanh(√(2/π)(x + 0.044715·x³)))`.
  public var geluTanh: Tensor { geluOperator(.tensor(self), .string("tanh")) }
  public var gelu: Tensor { geluOperator(.tensor(self)) }
  public var relu: Tensor { reluOperator(.tensor(self)) }
  public var sigmoid: Tensor { sigmoidOperator(.tensor(self)) }
  public var softplus: Tensor { softplusOperator(.tensor(self)) }
  public func leakyReLU(slope: Double) -> Tensor { leakyReluOperator(.tensor(self), .double(slope)) }

  /// Softmax along an axis, computed in `dtype` where one is given.
  public func softmax(_ axis: Int, dtype: DType? = nil) -> Tensor {
    softmaxOperator(.tensor(self), .int(axis), dtype.map(Argument.dtype) ?? .none)
  }
  public func logSoftmax(_ axis: Int) -> Tensor { logSoftmaxOperator(.tensor(self), .int(axis)) }
}
