internal import Torch

/// Work that does not fit into the memory that is there, in one line: what, how much, and a way out.
public struct MemoryShortage: Error, Sendable, Equatable, CustomStringConvertible {
  /// What needs the most: a stage, or a training run.
  public let work: String
  public let neededBytes: Int
  public let availableBytes: Int
  /// Options under which it would fit, as they are typed; empty where there are none.
  public let remedies: [String]

  public init(work: String, neededBytes: Int, availableBytes: Int, remedies: [String] = []) {
    self.work = work
    self.neededBytes = neededBytes
    self.availableBytes = availableBytes
    self.remedies = remedies
  }

  public var description: String {
    func gigabytes(_ bytes: Int) -> String { "\((Double(bytes) / 1e8).rounded(.up) / 10) GB" }
    let way =
      remedies.isEmpty
      ? "free some, or use a machine with more" : "use \(remedies.joined(separator: " "))"
    return
      "the \(work) needs \(gigabytes(neededBytes)) of memory and \(gigabytes(availableBytes)) are there; \(way)"
  }
}

extension GenerationPlan {
  /// How networks are kept where `clips` are made, with the plan of one.
  ///
  /// - Throws: ``MemoryShortage`` where not even the largest stage fits, with the first change of the request that would
  ///   make it fit.
  public static func staging(
    _ model: ModelDirectory, _ planned: PlannedGeneration, clips: Int, available: Int
  ) throws -> Staging {
    let plan = try GenerationPlan(model, planned)
    if let staging = plan.staging(clips: clips, available: available) { return staging }
    throw try plan.shortage(model, planned, available: available)
  }

  /// - Parameter planned: what this is the plan of.
  public func shortage(
    _ model: ModelDirectory, _ planned: PlannedGeneration, available: Int
  ) throws -> MemoryShortage {
    let remedies = try planned.remedies.first {
      try GenerationPlan(model, $0.planned).peakBytes(.oneByOne) <= available
    }
    return MemoryShortage(
      work: largestStage?.name.rawValue ?? "process", neededBytes: peakBytes(.oneByOne),
      availableBytes: available, remedies: remedies?.options ?? [])
  }
}

extension PlannedGeneration {
  /// The same with less memory, by what it costs the user: first what only takes longer.
  fileprivate var remedies: [(options: [String], planned: PlannedGeneration)] {
    var (result, options, planned) = ([(options: [String], planned: PlannedGeneration)](), [String](), self)
    func add(_ option: String, _ change: (inout PlannedGeneration) -> Void) {
      var alone = self
      change(&alone)
      result.append(([option], alone))
      change(&planned)
      options.append(option)
      if options.count > 1 { result.append((options, planned)) }
    }
    if threads > 1 { add("--threads 1") { $0.threads = 1 } }
    if dtype == .float32 { add("--dtype bfloat16") { $0.dtype = .bfloat16 } }
    if geometry.seconds > 1 { add("--seconds 1") { $0.geometry.seconds = 1 } }
    return result
  }
}
