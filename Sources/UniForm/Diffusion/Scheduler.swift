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
}

/// One call of the network.
public struct Evaluation: Sendable, Equatable {
  /// What the network is told, 0…1000; may be fractional.
  public let timestep: Double
  /// The factor of the clean latents in the state at this time.
  public let signalScale: Double
}

extension Scheduler {
  /// What the network is told at each evaluation.
  public var timesteps: [Double] { evaluations.map(\.timestep) }
}
