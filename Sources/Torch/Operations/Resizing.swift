private let upsampleNearest2dOperator = Operator("aten::upsample_nearest2d.vec")
private let bilinearOperator = Operator("aten::upsample_bilinear2d.vec")
private let antialiasedBilinearOperator = Operator("aten::_upsample_bilinear2d_aa.vec")
private let bicubicOperator = Operator("aten::upsample_bicubic2d.vec")
private let antialiasedBicubicOperator = Operator("aten::_upsample_bicubic2d_aa.vec")

/// Resizing of `[B, C, H, W]`.
extension Tensor {
  /// Nearest-neighbour enlargement of the last two axes by whole factors.
  public func upsampledNearest(_ factors: [Int]) -> Tensor {
    upsampleNearest2dOperator(.tensor(self), .none, .doubles(factors.map(Double.init)))
  }

  /// Bilinear resize; without `antialiased` a smaller picture is sampled, not averaged. `alignsCorners` maps the centres
  /// of the corner pixels onto each other instead of the corners of the pictures.
  public func resizedBilinear(
    height: Int, width: Int, antialiased: Bool = true, alignsCorners: Bool = false
  ) -> Tensor {
    let operation = antialiased ? antialiasedBilinearOperator : bilinearOperator
    return operation(.tensor(self), .ints([height, width]), .bool(alignsCorners), .none)
  }

  /// Bicubic resize: coefficient −0.5 when antialiased, as Pillow has it, and −0.75 otherwise.
  public func resizedBicubic(
    height: Int, width: Int, antialiased: Bool = true, alignsCorners: Bool = false
  ) -> Tensor {
    let operation = antialiased ? antialiasedBicubicOperator : bicubicOperator
    return operation(.tensor(self), .ints([height, width]), .bool(alignsCorners), .none)
  }
}
