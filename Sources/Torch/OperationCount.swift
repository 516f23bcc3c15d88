internal import Synchronization

/// Counts the floating-point operations of matrix products, convolutions and attention: two for each
/// multiplication, everything else is left out.
public enum OperationCount {
  /// Those who count at the moment.
  static let counters = Atomic<Int>(0)
  private static let total = Atomic<Int>(0)

  static var isCounting: Bool { counters.load(ordering: .relaxed) > 0 }

  static func counting<Result>(_ body: () throws -> Result) rethrows -> Result {
    counters.wrappingAdd(1, ordering: .relaxed)
    defer { counters.wrappingSubtract(1, ordering: .relaxed) }
    return try body()
  }

  /// Operations of all threads while `body` runs; one count at a time.
  public static func during<Result>(_ body: () throws -> Result) rethrows -> (result: Result, operations: Int)
  {
    total.store(0, ordering: .relaxed)
    let result = try counting(body)
    return (result, total.load(ordering: .relaxed))
  }

  static func record(_ name: String, _ arguments: [Argument], _ results: [Argument]) {
    let inputs = arguments.map { if case .tensor(let tensor) = $0 { tensor } else { nil as Tensor? } }
    func input(_ index: Int) -> Tensor? { index < inputs.count ? inputs[index] : nil }
    let result: Tensor? = if case .tensor(let tensor)? = results.first { tensor } else { input(0) }
    guard let output = result else { return }
    let work: (kind: WritableKeyPath<Operations, Int>, count: Int)? =
      switch name {
      case "aten::linear", "aten::matmul", "aten::bmm", "mkldnn::_linear_pointwise":
        input(0).map { (\.products, 2 * output.count * $0.size(-1)) }
      case "aten::addmm", "aten::baddbmm": input(1).map { (\.products, 2 * output.count * $0.size(-1)) }
      case "aten::convolution", "aten::conv1d", "aten::conv2d", "aten::conv3d",
        "mkldnn::_convolution_pointwise":
        input(1).map { (\.convolutions, 2 * output.count * ($0.count / max($0.size(0), 1))) }
      case "aten::conv_transpose1d", "aten::conv_transpose2d", "aten::conv_transpose3d":
        input(1).flatMap { weight in
          input(0).map { (\.convolutions, 2 * $0.count * (weight.count / max(weight.size(0), 1))) }
        }
      case "aten::scaled_dot_product_attention":
        input(1).map { (\.products, 4 * output.count * $0.size(-2)) }
      case "uniform::attention": input(1).map { (\.products, 4 * output.count * $0.size(2)) }
      default: nil
      }
    if output.device.kind == .meta {
      DryRun.current?.operations.add(work)
    } else if let work {
      total.wrappingAdd(work.count, ordering: .relaxed)
    }
  }
}

/// Floating-point operations by what does them, and calls of operators of any kind.
public struct Operations: Sendable, Equatable, Codable {
  public var products = 0
  public var convolutions = 0
  public var calls = 0

  public init() {}

  mutating func add(_ work: (kind: WritableKeyPath<Operations, Int>, count: Int)?) {
    calls += 1
    if let work { self[keyPath: work.kind] += work.count }
  }
}
