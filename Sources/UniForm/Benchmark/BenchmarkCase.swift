public import Torch

/// Something that can be run again and again to be timed.
public struct BenchmarkCase {
  public let name: String
  /// The sizes that it ran with, for the reader.
  public let shape: String
  private let body: () throws -> Void
  /// Operations of one run, where they cannot be counted because a graph replays them.
  private let operations: Int?

  init(_ name: String, _ shape: String, operations: Int? = nil, _ body: @escaping () throws -> Void) {
    self.name = name
    self.shape = shape
    self.operations = operations
    self.body = body
  }

  /// The same as a captured graph.
  ///
  /// - Throws: `TorchError` where the device has no graphs or the case cannot be captured, as a whole clip cannot.
  public func captured(on device: Device) throws -> BenchmarkCase {
    let operations = try countedOperations(on: device)
    let graph = try CapturedGraph(on: device, body)
    return BenchmarkCase(name + " (graph)", shape, operations: operations) { try graph.replay() }
  }

  func countedOperations(on device: Device) throws -> Int {
    try operations ?? OperationCount.during { try run(on: device) }.operations
  }

  func run(on device: Device) throws {
    try withoutGradient { try catchingTorchErrors { try body() } }
    if device.kind != .cpu { try device.synchronize() }
  }
}

/// The parts of the system that are timed, and all of them together (`e2e`).
public enum BenchmarkSubject: String, Sendable, CaseIterable {
  case dit, vae, text, vocoder, e2e
}

/// A case's time beside the matrix rate that the machine reached in the same minute.
public struct BenchmarkResult: Sendable, Encodable {
  public let name: String
  public let shape: String
  public let dtype: String
  public let device: String
  public let threads: Int
  /// Seconds.
  public let timing: Timing
  /// Floating-point operations of products, convolutions and attention in one run.
  public let operations: Int
  /// 10⁹ operations per second, at the median.
  public let gigaflops: Double
  /// The machine's own rate for square products in the same number format, measured between the runs.
  public let matrixGigaflops: Double
  public var shareOfMatrixRate: Double { gigaflops / matrixGigaflops }

  enum CodingKeys: String, CodingKey {
    case name, shape, dtype, device, threads, timing, operations, gigaflops
    case matrixGigaflops = "matrix_gigaflops"
  }
}

/// Times cases; between the runs of each it measures what the machine itself reaches, so that the ratio holds on a
/// machine that is busy or changes its clock.
public struct BenchmarkRunner {
  public let device: Device
  public let dtype: DType
  /// Measured runs of each case, at least.
  public var runs: Int

  public init(device: Device, dtype: DType, runs: Int = 5) {
    self.device = device
    self.dtype = dtype
    self.runs = runs
  }

  public func measure(_ subject: BenchmarkCase) throws -> BenchmarkResult {
    let product = MatrixRate.product(dtype, on: device)
    let productOperations = try OperationCount.during { try product.run(on: device) }.operations
    let clock = ContinuousClock()
    var operations = 0
    let first = try clock.measure {
      operations = try subject.countedOperations(on: device)
    }.seconds
    var products: [Double] = []
    let timing = try Timing.measure(
      first: first, runs: runs,
      between: { products.append(try clock.measure { try product.run(on: device) }.seconds) },
      { try subject.run(on: device) })
    return BenchmarkResult(
      name: subject.name, shape: subject.shape, dtype: "\(dtype)", device: "\(device)",
      threads: ComputeThreads.count, timing: timing, operations: operations,
      gigaflops: Double(operations) / timing.median / 1e9,
      matrixGigaflops: Double(productOperations) / Timing(products).median / 1e9)
  }
}
