/// The inference side of a diffusion model: which times the network is asked about, and how its answers lead
/// from noise to data.
///
/// A scheduler is a value that walks one trajectory: the state goes through ``step(_:at:state:noise:)`` once per
/// evaluation, in order. Methods that need earlier answers keep them inside and forget them at index 0, so that
/// the same value serves again.
public protocol Scheduler {
  /// The network evaluations, from noise to data.
  var evaluations: [Evaluation] { get }

  /// The state at which the network is evaluated next; the clean latents after the last evaluation.
  ///
  /// - Parameters:
  ///   - output: what the network returned for `state` at `evaluations[index]`.
  ///   - noise: draws fresh noise; called only by methods that add some, at most once.
  mutating func step(
    _ output: ModelOutput, at index: Int, state: AVLatents, noise: () -> AVLatents
  ) -> AVLatents

  /// The clean latents that the network's answer for `state` at `evaluations[index]` stands for.
  func estimate(_ prediction: AVLatents, at index: Int, state: AVLatents) -> AVLatents

  /// Earlier answers that the next step needs, so that a trajectory can go on in another process.
  var memory: [AVLatents] { get set }
}

/// The network predicts the noise ε of a state α·x₀ + σ·ε with α² + σ² = 1.
protocol NoisePredictingScheduler: Scheduler {}

extension NoisePredictingScheduler {
  public func estimate(_ prediction: AVLatents, at index: Int, state: AVLatents) -> AVLatents {
    let alpha = evaluations[index].signalScale
    return (state - (1 - alpha * alpha).squareRoot() * prediction) / alpha
  }
}

/// The network predicts the velocity x₀ − ε of a state (1 − u)·x₀ + u·ε.
protocol VelocityPredictingScheduler: Scheduler {}

extension VelocityPredictingScheduler {
  public func estimate(_ prediction: AVLatents, at index: Int, state: AVLatents) -> AVLatents {
    state + (1 - evaluations[index].signalScale) * prediction
  }
}

/// One call of the network.
public struct Evaluation: Sendable, Equatable {
  /// What the network is told, 0…1000; may be fractional.
  public let timestep: Double
  /// The factor of the clean latents in the state at this time.
  public let signalScale: Double
}

extension Scheduler {
  /// Most methods need the latest answer alone.
  public var memory: [AVLatents] {
    get { [] }
    set {}
  }

  /// What the network is told at each evaluation.
  public var timesteps: [Double] { evaluations.map(\.timestep) }
}
