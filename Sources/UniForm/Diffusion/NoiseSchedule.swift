import Foundation

/// The variances of a diffusion process and what follows from them, in float64: narrowed tables would move the
/// variational bound at the first steps by a hundredth of a bit.
///
/// Index 0 is the cleanest step. All tables have ``count`` entries.
public struct NoiseSchedule: Sendable, Equatable {
  public enum Kind: String, Sendable, Codable, CaseIterable {
    case linear, cosine
  }

  /// β
  public let betas: [Double]
  /// ᾱ, the product of all 1 − β so far.
  public let alphasCumulativeProduct: [Double]
  /// ᾱ one step before; 1 before the first.
  public let alphasCumulativeProductPrevious: [Double]
  /// For each step, its index in the schedule of training: what the network is told.
  public let timesteps: [Int]

  /// β̃, the variance of the posterior q(x_{t−1} | x_t, x₀), equation 9.
  public let posteriorVariance: [Double]
  /// ln β̃; the first, which would be −∞, repeats the second.
  public let posteriorLogVariance: [Double]
  /// The factor of x₀ in the posterior mean, equation 8.
  public let posteriorCleanCoefficient: [Double]
  /// The factor of x_t in the posterior mean, equation 8.
  public let posteriorNoisyCoefficient: [Double]

  public var count: Int { betas.count }

  /// - Parameters:
  ///   - betas: the variances of consecutive steps, each above 0 and below 1.
  ///   - timesteps: for each step, its index in training.
  private init(betas: [Double], timesteps: [Int]) {
    self.betas = betas
    self.timesteps = timesteps
    var product = 1.0
    let now = betas.map { beta in
      product *= 1 - beta
      return product
    }
    let previous = [1] + now.dropLast()
    let variance = betas.indices.map { betas[$0] * (1 - previous[$0]) / (1 - now[$0]) }
    alphasCumulativeProduct = now
    alphasCumulativeProductPrevious = previous
    posteriorVariance = variance
    posteriorLogVariance = variance.indices.map { log(variance[$0 == 0 ? min(1, betas.count - 1) : $0]) }
    posteriorCleanCoefficient = betas.indices.map {
      betas[$0] * previous[$0].squareRoot() / (1 - now[$0])
    }
    posteriorNoisyCoefficient = betas.indices.map {
      (1 - previous[$0]) * (1 - betas[$0]).squareRoot() / (1 - now[$0])
    }
  }

  public init(_ kind: Kind, steps: Int = 1000) {
    switch kind {
    case .linear: self = .linear(steps: steps)
    case .cosine: self = .cosine(steps: steps)
    }
  }

  /// β from 1e-4 to 0.02 in equal steps, scaled for other counts than 1000.
  public static func linear(steps: Int = 1000) -> NoiseSchedule {
    let scale = 1000 / Double(steps)
    let (first, last) = (scale * 1e-4, scale * 0.02)
    let betas = (0..<steps).map { first + (last - first) * Double($0) / Double(max(steps - 1, 1)) }
    return NoiseSchedule(betas: betas, timesteps: Array(betas.indices))
  }

  /// ᾱ along a squared cosine, β at most 0.999.
  public static func cosine(steps: Int = 1000) -> NoiseSchedule {
    func alphaBar(_ step: Int) -> Double {
      let angle = (Double(step) / Double(steps) + 0.008) / 1.008 * Double.pi / 2
      return cos(angle) * cos(angle)
    }
    let betas = (0..<steps).map { min(1 - alphaBar($0 + 1) / alphaBar($0), 0.999) }
    return NoiseSchedule(betas: betas, timesteps: Array(betas.indices))
  }
}

// MARK: Fewer steps

extension NoiseSchedule {
  /// How to choose the steps that are kept.
  public enum Spacing: String, Sendable, Codable {
    /// From the first to the last step, as evenly as whole numbers allow.
    case even
    /// Multiples of one whole stride ("ddimN"); the last step is usually left out.
    case wholeStride = "whole_stride"
  }

  /// The schedule of a process that visits only some of the steps: the same ᾱ there, β recomputed.
  public func respaced(_ steps: Int, spacing: Spacing = .even) throws(DiffusionError) -> NoiseSchedule {
    guard (1...count).contains(steps) else { throw .steps(steps, maximum: count) }
    let kept =
      switch spacing {
      case .even: evenIndices(steps)
      case .wholeStride: try wholeStrideIndices(steps)
      }
    var previous = 1.0
    let betas = kept.map { index in
      defer { previous = alphasCumulativeProduct[index] }
      return 1 - alphasCumulativeProduct[index] / previous
    }
    return NoiseSchedule(betas: betas, timesteps: kept.map { timesteps[$0] })
  }

  /// A float stride, accumulated, halves rounded to even, as in the published implementation. A single step
  /// is the noisiest one.
  private func evenIndices(_ steps: Int) -> [Int] {
    guard steps > 1 else { return [count - 1] }
    let stride = Double(count - 1) / Double(steps - 1)
    var position = 0.0
    return (0..<steps).map { _ in
      defer { position += stride }
      return Int(position.rounded(.toNearestOrEven))
    }
  }

  private func wholeStrideIndices(_ steps: Int) throws(DiffusionError) -> [Int] {
    for stride in 1...count where (count + stride - 1) / stride == steps {
      return (0..<steps).map { $0 * stride }
    }
    throw .noWholeStride(steps, of: count)
  }
}
