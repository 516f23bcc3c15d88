import ArgumentParser
import Foundation
import Torch
import UniForm

struct BenchCommand: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench",
    abstract: "Measure the speed of the parts on this machine.",
    discussion: """
      Times the transformer (dit), the video autoencoder (vae), the text encoder (text) and the vocoder at the \
      paper's sizes with random weights, or those of a model, and a whole clip with a model (e2e), by default the \
      bundled one. Beside each stands the rate that this machine \
      reaches for square matrix products in the same number format, measured between the runs: compare ratios, \
      since times depend on what else the machine does. On a CUDA device each part is measured a second time as \
      a captured graph, which is replayed without queueing its kernels one by one.

      Example:

        uniform bench dit --dtype bfloat16
      """)

  @ArgumentParser.Argument(
    help: "What to measure: \(BenchmarkSubject.allCases.map(\.rawValue).joined(separator: ", ")).")
  var subjects = BenchmarkSubject.allCases
  @Option(
    help: ArgumentHelp(
      "Take the sizes of this model instead of the paper's; only e2e needs its weights.", valueName: "model"),
    completion: .directory)
  var model: String?
  @Option(
    help: "Pairs of blocks of the transformer; its time grows in proportion. 28 in the paper. (default: 2)")
  var depth: Int?
  @Option(
    help: ArgumentHelp(
      "Length of the clip that the video autoencoder codes. (default: a second for each thread, at most 4)",
      valueName: "seconds"))
  var seconds: Double?
  @Option(help: "Runs of each part, at least; one more warms up where a run takes less than 5 s.")
  var runs = 5
  @Option(help: "Number format; auto is the fastest that the machine computes well.")
  var dtype = DTypeName.auto
  @OptionGroup var place: DeviceOptions
  @Flag(inversion: .prefixedNo, help: "Measure captured graphs, too. (default: on a CUDA device)")
  var graph: Bool?
  @Flag(help: "Print one JSON object per part.")
  var json = false

  func validate() throws {
    guard runs > 0, depth.map({ $0 > 0 }) ?? true else {
      throw ValidationError("--runs and --depth must be at least 1.")
    }
    guard seconds.map((1...10).contains) ?? true else { throw ValidationError("--seconds must be in 1…10.") }
  }

  func run() async throws {
    let device = try place.checkedDevice()
    if graph == true && !device.hasGraphs {
      throw CommandFailure("graphs need a CUDA device; give --device cuda", .unavailable)
    }
    let graph = graph ?? device.hasGraphs
    if let threads = place.threads { ComputeThreads.count = threads }
    let dtype = dtype.dtype ?? .fastest(on: device)
    var shapes = try model.map { try BenchmarkShapes(ModelLocation.open($0, isTrained: false)) } ?? .init()
    shapes.transformer.depth = depth ?? (model == nil ? 2 : shapes.transformer.depth)
    if let seconds { shapes.videoSeconds = seconds }
    let runner = BenchmarkRunner(device: device, dtype: dtype, runs: runs)
    if !json { try StandardOutput.print(BenchmarkResult.header) }
    for subject in subjects {
      if subject == .e2e {
        for usesGraphs in graph ? [false, true] : [false] {
          let pipeline = try UniFormPipeline(
            completeModel(), device: device, dtype: dtype, usesGraphs: usesGraphs)
          try report(.clip(pipeline), runner)
        }
        continue
      }
      for item in try shapes.cases(subject, dtype: dtype, device: device) {
        try report(item, runner)
        if graph { try reportCaptured(item, runner) }
      }
    }
  }
}

extension BenchCommand {
  private func report(_ item: BenchmarkCase, _ runner: BenchmarkRunner) throws {
    try Task.checkCancellation()
    let result = try runner.measure(item)
    try StandardOutput.print(json ? try result.json : result.line)
  }

  /// A part that cannot be captured is said; the others are still measured.
  private func reportCaptured(_ item: BenchmarkCase, _ runner: BenchmarkRunner) throws {
    let captured: BenchmarkCase
    do {
      captured = try item.captured(on: runner.device)
    } catch let error as TorchError where error.kind != .outOfMemory {
      Reporter(.quiet).warn("the \(item.name) cannot be captured: \(error)")
      return
    }
    try report(captured, runner)
  }

  private func completeModel() throws -> ModelDirectory {
    try ModelLocation.open(model ?? ModelLocation.bundled)
  }
}

extension BenchmarkResult {
  fileprivate static let header =
    "part                    median s     p90 s   GFLOP/s   matrix product   share   what"

  fileprivate var line: String {
    String(
      format: "%@ %9.3f %9.3f %9.1f %16.1f %6.0f %%   %@",
      name.padding(toLength: 22, withPad: " ", startingAt: 0),
      timing.median, timing.percentile90, gigaflops, matrixGigaflops, 100 * shareOfMatrixRate,
      "\(shape), \(dtype), \(device), \(threads) threads")
  }

  fileprivate var json: String {
    get throws {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
      return String(decoding: try encoder.encode(self), as: UTF8.self)
    }
  }
}
