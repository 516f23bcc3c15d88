/// Implicit sampling (Song et al. 2021): deterministic at η = 0, as noisy as the ancestral one at η = 1.
public struct DDIMScheduler: Scheduler, NoisePredictingScheduler {
  public let evaluations: [Evaluation]
  /// η, 0…1.
  public let eta: Double
  private let schedule: NoiseSchedule

  /// - Parameters:
  ///   - schedule: already respaced to the wanted number of steps.
  ///   - eta: 0…1.
  public init(schedule: NoiseSchedule, eta: Double = 0) {
    self.schedule = schedule
    self.eta = eta
    evaluations = schedule.evaluations
  }

  public func step(
    _ output: ModelOutput, at index: Int, state: AVLatents, noise: () -> AVLatents
  ) -> AVLatents {
    let step = evaluations.count - 1 - index
    let now = schedule.alphasCumulativeProduct[step]
    let next = schedule.alphasCumulativeProductPrevious[step]
    let deviation = eta * ((1 - next) / (1 - now) * (1 - now / next)).squareRoot()
    let epsilon = output.prediction
    let clean = (state - (1 - now).squareRoot() * epsilon) / now.squareRoot()
    let mean = next.squareRoot() * clean + (1 - next - deviation * deviation).squareRoot() * epsilon
    return deviation > 0 ? mean + deviation * noise() : mean
  }
}
