private let sqrtOperator = Operator("aten::sqrt")
private let rsqrtOperator = Operator("aten::rsqrt")
private let expOperator = Operator("aten::exp")
private let logOperator = Operator("aten::log")
private let sinOperator = Operator("aten::sin")
private let cosOperator = Operator("aten::cos")
private let tanhOperator = Operator("aten::tanh")
private let absOperator = Operator("aten::abs")
private let floorOperator = Operator("aten::floor")
private let roundOperator = Operator("aten::round")
private let signOperator = Operator("aten::sign")
private let squareOperator = Operator("aten::square")
private let isfiniteOperator = Operator("aten::isfinite")
private let atan2Operator = Operator("aten::atan2")

extension Tensor {
  public var sqrt: Tensor { sqrtOperator(.tensor(self)) }
  public var rsqrt: Tensor { rsqrtOperator(.tensor(self)) }
  public var exp: Tensor { expOperator(.tensor(self)) }
  public var log: Tensor { logOperator(.tensor(self)) }
  public var sin: Tensor { sinOperator(.tensor(self)) }
  public var cos: Tensor { cosOperator(.tensor(self)) }
  public var tanh: Tensor { tanhOperator(.tensor(self)) }
  public var abs: Tensor { absOperator(.tensor(self)) }
  public var floor: Tensor { floorOperator(.tensor(self)) }
  /// To the nearest integer, halves to even.
  public var rounded: Tensor { roundOperator(.tensor(self)) }
  public var sign: Tensor { signOperator(.tensor(self)) }
  public var squared: Tensor { squareOperator(.tensor(self)) }
  /// True where an element is neither infinite nor NaN.
  public var isFinite: Tensor { isfiniteOperator(.tensor(self)) }
  public func atan2(_ x: Tensor) -> Tensor { atan2Operator(.tensor(self), .tensor(x)) }
}
