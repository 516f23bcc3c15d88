private let randnOperator = Operator("aten::randn.generator")
private let randOperator = Operator("aten::rand.generator")
private let randintOperator = Operator("aten::randint.low_generator")
private let randpermOperator = Operator("aten::randperm.generator")

/// Drawn on the CPU in float32 from an explicit generator, then moved: a seed means the same on every device.
extension Tensor {
  /// Standard normal values.
  public static func randn(_ shape: [Int], generator: Generator, device: Device = .cpu) -> Tensor {
    randnOperator(.ints(shape), .generator(generator), .dtype(.float32)).to(device)
  }
  /// Uniform in [0, 1).
  public static func rand(_ shape: [Int], generator: Generator, device: Device = .cpu) -> Tensor {
    randOperator(.ints(shape), .generator(generator), .dtype(.float32)).to(device)
  }
  /// Uniform integers of a half-open range.
  public static func randint(
    _ range: Range<Int>, _ shape: [Int], generator: Generator, device: Device = .cpu
  ) -> Tensor {
    randintOperator(
      .int(range.lowerBound), .int(range.upperBound), .ints(shape), .generator(generator), .dtype(.int64)
    ).to(device)
  }
  public static func randperm(_ count: Int, generator: Generator) -> Tensor {
    randpermOperator(.int(count), .generator(generator), .dtype(.int64))
  }
}
