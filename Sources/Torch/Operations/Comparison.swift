private let equalScalarOperator = Operator("aten::eq.Scalar")
private let equalOperator = Operator("aten::eq.Tensor")
private let greaterScalarOperator = Operator("aten::gt.Scalar")
private let greaterOperator = Operator("aten::gt.Tensor")
private let greaterEqualScalarOperator = Operator("aten::ge.Scalar")
private let lessScalarOperator = Operator("aten::lt.Scalar")
private let lessOperator = Operator("aten::lt.Tensor")
private let lessEqualScalarOperator = Operator("aten::le.Scalar")
private let logicalAndOperator = Operator("aten::logical_and")
private let logicalOrOperator = Operator("aten::logical_or")
private let logicalNotOperator = Operator("aten::logical_not")
private let allOperator = Operator("aten::all")
private let anyOperator = Operator("aten::any")

/// Element-wise comparisons, spelled with a leading dot as in SIMD types; the results are boolean tensors.
extension Tensor {
  public static func .== (a: Tensor, b: Tensor) -> Tensor { equalOperator(.tensor(a), .tensor(b)) }
  public static func .== (a: Tensor, b: Double) -> Tensor { equalScalarOperator(.tensor(a), .double(b)) }
  public static func .> (a: Tensor, b: Tensor) -> Tensor { greaterOperator(.tensor(a), .tensor(b)) }
  public static func .> (a: Tensor, b: Double) -> Tensor { greaterScalarOperator(.tensor(a), .double(b)) }
  public static func .>= (a: Tensor, b: Double) -> Tensor {
    greaterEqualScalarOperator(.tensor(a), .double(b))
  }
  public static func .< (a: Tensor, b: Tensor) -> Tensor { lessOperator(.tensor(a), .tensor(b)) }
  public static func .< (a: Tensor, b: Double) -> Tensor { lessScalarOperator(.tensor(a), .double(b)) }
  public static func .<= (a: Tensor, b: Double) -> Tensor { lessEqualScalarOperator(.tensor(a), .double(b)) }
  public func and(_ other: Tensor) -> Tensor { logicalAndOperator(.tensor(self), .tensor(other)) }
  public func or(_ other: Tensor) -> Tensor { logicalOrOperator(.tensor(self), .tensor(other)) }
  public var not: Tensor { logicalNotOperator(.tensor(self)) }

  public var allTrue: Bool { allOperator(.tensor(self)).item != 0 }
  public var anyTrue: Bool { anyOperator(.tensor(self)).item != 0 }
}
