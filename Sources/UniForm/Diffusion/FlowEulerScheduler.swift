/// Follows the velocity of a ``RectifiedFlow`` in straight pieces; the network is told 1000·u.
public struct FlowEulerScheduler: Scheduler, VelocityPredictingScheduler {
  public let evaluations: [Evaluation]
  private let times: [Double]

  /// - Parameter shift: ρ of ``RectifiedFlow/shift``.
  public init(steps: Int, shift: Double = 1) throws(DiffusionError) {
    times = try RectifiedFlow.times(steps: steps, shift: shift)
    evaluations = times.dropLast().map(Evaluation.init(flowTime:))
  }

  public func step(
    _ output: ModelOutput, at index: Int, state: AVLatents, noise: () -> AVLatents
  ) -> AVLatents {
    state + (times[index] - times[index + 1]) * output.prediction
  }
}

extension RectifiedFlow {
  /// The times u of a trajectory from 1 (noise) to 0 (data), `steps + 1` of them.
  static func times(steps: Int, shift: Double) throws(DiffusionError) -> [Double] {
    guard (1...1000).contains(steps) else { throw .steps(steps, maximum: 1000) }
    guard shift > 0, shift.isFinite else {
      throw .invalid(setting: "timestep shift", value: shift, allowed: "positive")
    }
    return (0...steps).map { shifted(1 - Double($0) / Double(steps), by: shift) }
  }
}

extension Evaluation {
  /// At time u of a rectified flow.
  init(flowTime time: Double) { self.init(timestep: 1000 * time, signalScale: 1 - time) }
}
