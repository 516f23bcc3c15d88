/// Follows the velocity of a ``RectifiedFlow`` by Heun's second-order method: each step asks the network at both
/// of its ends and takes the mean. The last step is an Euler step, because at u = 0 the network would see data
/// without noise; so n steps cost 2n − 1 evaluations.
public struct FlowHeunScheduler: Scheduler, VelocityPredictingScheduler {
  public let evaluations: [Evaluation]
  private let times: [Double]
  /// Where the running step began, and the velocity there.
  private var start: (state: AVLatents, velocity: AVLatents)?
  public var memory: [AVLatents] {
    get { start.map { [$0.state, $0.velocity] } ?? [] }
    set { start = newValue.count == 2 ? (newValue[0], newValue[1]) : nil }
  }

  /// - Parameter shift: ρ of ``RectifiedFlow/shift``.
  public init(steps: Int, shift: Double = 1) throws(DiffusionError) {
    times = try RectifiedFlow.times(steps: steps, shift: shift)
    let ends = times.dropFirst().dropLast().flatMap { [$0, $0] }
    evaluations = ([times[0]] + ends).map(Evaluation.init(flowTime:))
  }

  /// Even indices predict the end of a step; odd ones, evaluated there, correct it.
  public mutating func step(
    _ output: ModelOutput, at index: Int, state: AVLatents, noise: () -> AVLatents
  ) -> AVLatents {
    let width = times[index / 2] - times[index / 2 + 1]
    let velocity = output.prediction
    if index.isMultiple(of: 2) {
      start = (state, velocity)
      return state + width * velocity
    }
    guard let start else {
      preconditionFailure("evaluation \(index) of Heun's method without the one before")
    }
    return start.state + (width / 2) * (start.velocity + velocity)
  }
}
