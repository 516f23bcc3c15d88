private let sumOperator = Operator("aten::sum.dim_IntList")
private let sumAllOperator = Operator("aten::sum")
private let meanOperator = Operator("aten::mean.dim")
private let meanAllOperator = Operator("aten::mean")
private let varOperator = Operator("aten::var.correction")
private let amaxOperator = Operator("aten::amax")
private let aminOperator = Operator("aten::amin")
private let argmaxOperator = Operator("aten::argmax")
private let cumsumOperator = Operator("aten::cumsum")
private let cumprodOperator = Operator("aten::cumprod")
private let medianOperator = Operator("aten::median.dim")
private let maxAllOperator = Operator("aten::max")
private let minAllOperator = Operator("aten::min")
private let sortOperator = Operator("aten::sort")
private let topkOperator = Operator("aten::topk")

extension Tensor {
  public func sum(_ axes: [Int], keepingAxes keep: Bool = false) -> Tensor {
    sumOperator(.tensor(self), .ints(axes), .bool(keep))
  }
  public func mean(_ axes: [Int], keepingAxes keep: Bool = false) -> Tensor {
    meanOperator(.tensor(self), .ints(axes), .bool(keep))
  }
  /// `correction` 1 divides by n − 1, 0 by n.
  public func variance(_ axes: [Int], correction: Double = 1, keepingAxes keep: Bool = false) -> Tensor {
    varOperator(.tensor(self), .ints(axes), .double(correction), .bool(keep))
  }
  public func standardDeviation(_ axes: [Int], correction: Double = 1, keepingAxes keep: Bool = false)
    -> Tensor
  {
    variance(axes, correction: correction, keepingAxes: keep).sqrt
  }
  public func maximum(along axes: [Int], keepingAxes keep: Bool = false) -> Tensor {
    amaxOperator(.tensor(self), .ints(axes), .bool(keep))
  }
  public func minimum(along axes: [Int], keepingAxes keep: Bool = false) -> Tensor {
    aminOperator(.tensor(self), .ints(axes), .bool(keep))
  }
  public func argmax(_ axis: Int) -> Tensor { argmaxOperator(.tensor(self), .int(axis)) }
  public func cumulativeSum(_ axis: Int) -> Tensor { cumsumOperator(.tensor(self), .int(axis)) }
  public func cumulativeProduct(_ axis: Int) -> Tensor { cumprodOperator(.tensor(self), .int(axis)) }
  /// The lower median along one axis.
  public func median(_ axis: Int) -> Tensor { medianOperator.tensors(.tensor(self), .int(axis), count: 2)[0] }
  public func sorted(_ axis: Int, descending: Bool = false) -> (values: Tensor, indices: Tensor) {
    let results = sortOperator.tensors(.tensor(self), .int(axis), .bool(descending), count: 2)
    return (results[0], results[1])
  }
  public func largest(_ count: Int, axis: Int) -> (values: Tensor, indices: Tensor) {
    let results = topkOperator.tensors(.tensor(self), .int(count), .int(axis), count: 2)
    return (results[0], results[1])
  }

  public var sum: Tensor { sumAllOperator(.tensor(self)) }
  public var mean: Tensor { meanAllOperator(.tensor(self)) }
  public var maximum: Tensor { maxAllOperator(.tensor(self)) }
  public var minimum: Tensor { minAllOperator(.tensor(self)) }
}
