/// Confidence intervals of means from resampling clips with replacement.
public struct Bootstrap: Sendable, Equatable {
  public var resamples: Int
  public var seed: UInt32 = 2020

  public init(resamples: Int) {
    precondition(resamples > 0, "an interval needs resamples")
    self.resamples = resamples
  }

  /// Of the mean of one value per clip.
  /// - Returns: the percentiles of all resampled means; nil where there is only one clip.
  public func interval(ofMean values: [Double]) -> ConfidenceInterval? {
    let count = values.count
    guard count > 1 else { return nil }
    var random = MersenneTwister(seed: seed)
    var means: [Double] = []
    for _ in 0..<resamples {
      let sum = (0..<count).reduce(0.0) { sum, _ in sum + values[Int(random.interval(UInt32(count - 1)))] }
      means.append(sum / Double(count))
    }
    means.sort()
    func percentile(_ share: Double) -> Double {
      let position = share * Double(means.count - 1)
      let (low, high) = (Int(position), min(Int(position) + 1, means.count - 1))
      return means[low] + (means[high] - means[low]) * (position - Double(low))
    }
    return ConfidenceInterval(low: percentile(0.025), high: percentile(0.975))
  }
}
