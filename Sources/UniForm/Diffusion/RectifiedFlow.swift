import Foundation
public import Torch

/// Training on straight paths from data to noise: `x_t = (1 − u)·x₀ + u·n`, and the network learns the velocity
/// `x₀ − n`, which leads back to the data. The network is told 1000·u.
public struct RectifiedFlow: DiffusionProcess {
  /// How u is drawn in training.
  public enum TimeDistribution: Sendable, Equatable {
    case uniform
    /// The logistic function of a normal variable: more steps in the middle, where the velocity is hard.
    case logitNormal(mean: Double = 0, deviation: Double = 1)
  }

  public let distribution: TimeDistribution
  /// ρ, which moves times towards the noise where it is above 1: `ρu / (1 + (ρ − 1)u)`.
  public let shift: Double

  public init(distribution: TimeDistribution = .uniform, shift: Double = 1) {
    self.distribution = distribution
    self.shift = shift
  }

  public func drawTimesteps(_ count: Int, generator: Generator) -> [Double] {
    let times: [Double] =
      switch distribution {
      case .uniform: Tensor.rand([count], generator: generator).values()
      case .logitNormal(let mean, let deviation):
        Tensor.randn([count], generator: generator).values(as: Double.self)
          .map { 1 / (1 + exp(-(mean + deviation * $0))) }
      }
    return times.map { 1000 * Self.shifted($0, by: shift) }
  }

  public func addNoise(_ noise: Tensor, to clean: Tensor, at timesteps: [Double]) -> Tensor {
    clean * timesteps.map { 1 - $0 / 1000 }.column(like: clean)
      + noise * timesteps.map { $0 / 1000 }.column(like: clean)
  }

  public func terms(
    prediction: Tensor, varianceLogits: Tensor?, clean: Tensor, noise: Tensor, at timesteps: [Double]
  ) -> LossTerms {
    LossTerms(squaredError: (prediction - (clean - noise)).squared.meanPerClip, variationalBound: nil)
  }

  public func weight(at timestep: Double) -> Double { 1 }

  /// A time u in 0…1 moved by ρ; 0 and 1 stay.
  static func shifted(_ time: Double, by shift: Double) -> Double {
    shift * time / (1 + (shift - 1) * time)
  }
}
