import Foundation

/// DPM-Solver++ of second order, multistep (Lu et al. 2022), with PixArt's conventions: times equally spaced in
/// the continuous time of the schedule, so the network is told fractions; first and last step of first order.
public struct DPMSolverScheduler: Scheduler, NoisePredictingScheduler {
  public let evaluations: [Evaluation]
  /// The times visited, one more than there are evaluations.
  private let points: [Point]
  /// x̂₀ of the step before.
  private var previous: AVLatents?
  public var memory: [AVLatents] {
    get { previous.map { [$0] } ?? [] }
    set { previous = newValue.first }
  }

  private struct Point {
    let alpha: Double
    let sigma: Double
    /// Half the log signal-to-noise ratio.
    var lambda: Double { log(alpha / sigma) }
  }

  /// - Parameter schedule: that of training, not respaced.
  public init(schedule: NoiseSchedule, steps: Int) throws(DiffusionError) {
    guard (1...schedule.count).contains(steps) else { throw .steps(steps, maximum: schedule.count) }
    let logAlphas = schedule.alphasCumulativeProduct.map { 0.5 * log($0) }
    let last = Double(schedule.count - 1)
    // In units of the training index: from the last one to the first, which counts as the data.
    let positions = (0...steps).map { last * Double(steps - $0) / Double(steps) }
    points = positions.map { position in
      let below = min(Int(position), schedule.count - 1)
      let above = min(below + 1, schedule.count - 1)
      let logAlpha = logAlphas[below] + (position - Double(below)) * (logAlphas[above] - logAlphas[below])
      return Point(alpha: exp(logAlpha), sigma: (-expm1(2 * logAlpha)).squareRoot())
    }
    evaluations = zip(positions, points).dropLast().map { Evaluation(timestep: $0, signalScale: $1.alpha) }
  }

  public mutating func step(
    _ output: ModelOutput, at index: Int, state: AVLatents, noise: () -> AVLatents
  ) -> AVLatents {
    let (now, next) = (points[index], points[index + 1])
    let clean = (state - now.sigma * output.prediction) / now.alpha
    let width = next.lambda - now.lambda
    var direction = clean
    if let previous, index > 0, index < evaluations.count - 1 {
      let ratio = (now.lambda - points[index - 1].lambda) / width
      direction = clean + (clean - previous) * (1 / (2 * ratio))
    }
    previous = clean
    return (next.sigma / now.sigma) * state - (next.alpha * expm1(-width)) * direction
  }
}
