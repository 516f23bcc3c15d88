internal import Foundation

/// Linear warm-up, a constant rate, and an optional decay over the last part of the run.
public struct LearningRateSchedule: Codable, Sendable, Equatable {
  public var peak: Double
  /// `lr(k) = peak · (k + 1) / (warmupSteps + 1)` for `k < warmupSteps`.
  public var warmupSteps: Int
  /// Share of the run over which the rate falls to zero as a cosine; 0 keeps it constant, as in the paper.
  public var decayFraction: Double

  public init(peak: Double, warmupSteps: Int, decayFraction: Double = 0) {
    self.peak = peak
    self.warmupSteps = warmupSteps
    self.decayFraction = decayFraction
  }

  public func rate(step: Int, of totalSteps: Int) -> Double {
    progressRate(step: step, progress: Double(step) / Double(max(totalSteps, 1)))
  }

  /// The rate at a share of the run in [0, 1]; runs limited by time know only that.
  public func progressRate(step: Int, progress: Double) -> Double {
    if step < warmupSteps { return peak * Double(step + 1) / Double(warmupSteps + 1) }
    let remaining = max(1 - progress, 0)
    guard decayFraction > 0, remaining < decayFraction else { return peak }
    return peak * 0.5 * (1 - cos(.pi * remaining / decayFraction))
  }
}
