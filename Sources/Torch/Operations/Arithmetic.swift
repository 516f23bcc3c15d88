private let addOperator = Operator("aten::add.Tensor")
private let addScalarOperator = Operator("aten::add.Scalar")
private let subOperator = Operator("aten::sub.Tensor")
private let subScalarOperator = Operator("aten::sub.Scalar")
private let rsubOperator = Operator("aten::rsub.Scalar")
private let mulOperator = Operator("aten::mul.Tensor")
private let mulScalarOperator = Operator("aten::mul.Scalar")
private let divOperator = Operator("aten::div.Tensor")
private let divScalarOperator = Operator("aten::div.Scalar")
private let reciprocalOperator = Operator("aten::reciprocal")
private let negOperator = Operator("aten::neg")
private let powOperator = Operator("aten::pow.Tensor_Scalar")
private let addcmulOperator = Operator("aten::addcmul")
private let lerpOperator = Operator("aten::lerp.Scalar")
private let clampOperator = Operator("aten::clamp")
private let maximumOperator = Operator("aten::maximum")
private let minimumOperator = Operator("aten::minimum")
private let whereOperator = Operator("aten::where.self")
private let maskedFillOperator = Operator("aten::masked_fill.Scalar")
private let remainderOperator = Operator("aten::remainder.Scalar")
private let floorDivideOperator = Operator("aten::floor_divide.Scalar")

extension Tensor {
  public static func + (a: Tensor, b: Tensor) -> Tensor { addOperator(.tensor(a), .tensor(b)) }
  public static func + (a: Tensor, b: Double) -> Tensor { addScalarOperator(.tensor(a), .double(b)) }
  public static func + (a: Double, b: Tensor) -> Tensor { b + a }
  public static func - (a: Tensor, b: Tensor) -> Tensor { subOperator(.tensor(a), .tensor(b)) }
  public static func - (a: Tensor, b: Double) -> Tensor { subScalarOperator(.tensor(a), .double(b)) }
  public static func - (a: Double, b: Tensor) -> Tensor { rsubOperator(.tensor(b), .double(a)) }
  public static func * (a: Tensor, b: Tensor) -> Tensor { mulOperator(.tensor(a), .tensor(b)) }
  public static func * (a: Tensor, b: Double) -> Tensor { mulScalarOperator(.tensor(a), .double(b)) }
  public static func * (a: Double, b: Tensor) -> Tensor { b * a }
  public static func / (a: Tensor, b: Tensor) -> Tensor { divOperator(.tensor(a), .tensor(b)) }
  public static func / (a: Tensor, b: Double) -> Tensor { divScalarOperator(.tensor(a), .double(b)) }
  public static func / (a: Double, b: Tensor) -> Tensor { reciprocalOperator(.tensor(b)) * a }
  public static prefix func - (a: Tensor) -> Tensor { negOperator(.tensor(a)) }

  public func pow(_ exponent: Double) -> Tensor { powOperator(.tensor(self), .double(exponent)) }

  /// `self + value · a · b` in one pass.
  public func addcmul(_ a: Tensor, _ b: Tensor, value: Double = 1) -> Tensor {
    addcmulOperator(.tensor(self), .tensor(a), .tensor(b), .double(value))
  }

  /// `self + weight · (end − self)`.
  public func lerp(_ end: Tensor, weight: Double) -> Tensor {
    lerpOperator(.tensor(self), .tensor(end), .double(weight))
  }

  public func clamp(min: Double? = nil, max: Double? = nil) -> Tensor {
    clampOperator(.tensor(self), .optional(min), .optional(max))
  }

  public func maximum(_ other: Tensor) -> Tensor { maximumOperator(.tensor(self), .tensor(other)) }
  public func minimum(_ other: Tensor) -> Tensor { minimumOperator(.tensor(self), .tensor(other)) }

  /// Elements of `self` where the condition holds, else of `other`.
  public func `where`(_ condition: Tensor, else other: Tensor) -> Tensor {
    whereOperator(.tensor(condition), .tensor(self), .tensor(other))
  }

  public func maskedFill(_ mask: Tensor, _ value: Double) -> Tensor {
    maskedFillOperator(.tensor(self), .tensor(mask), .double(value))
  }

  /// Remainder with the sign of the divisor.
  public func remainder(_ divisor: Double) -> Tensor { remainderOperator(.tensor(self), .double(divisor)) }
  public func floorDivide(_ divisor: Double) -> Tensor {
    floorDivideOperator(.tensor(self), .double(divisor))
  }
}
