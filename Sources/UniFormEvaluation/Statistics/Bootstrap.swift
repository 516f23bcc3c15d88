/// Confidence intervals from resampling clips with replacement.
public struct Bootstrap: Sendable, Equatable {
  public var resamples: Int
  /// Share of the interval, in 0…1.
  public var confidence = 0.95
  public var seed: UInt32 = 2020

  public init(resamples: Int) {
    precondition(resamples > 0, "an interval needs resamples")
    self.resamples = resamples
  }

  public struct Interval: Sendable, Equatable, Codable {
    public let low: Double
    public let high: Double
  }

  /// - Parameters:
  ///   - count: clips.
  ///   - score: of clips by index, some of them several times.
  /// - Returns: the percentiles of all scores; nil where there is only one clip.
  public func interval<Failure: Error>(
    count: Int, _ score: ([Int]) throws(Failure) -> Double
  ) throws(Failure) -> Interval? {
    guard count > 1 else { return nil }
    var random = MersenneTwister(seed: seed)
    var scores: [Double] = []
    for _ in 0..<resamples {
      scores.append(try score((0..<count).map { _ in Int(random.interval(UInt32(count - 1))) }))
    }
    scores.sort()
    func percentile(_ share: Double) -> Double {
      let position = share * Double(scores.count - 1)
      let (low, high) = (Int(position), min(Int(position) + 1, scores.count - 1))
      return scores[low] + (scores[high] - scores[low]) * (position - Double(low))
    }
    let tail = (1 - confidence) / 2
    return Interval(low: percentile(tail), high: percentile(1 - tail))
  }

  /// Of the mean of one value per clip.
  public func interval(ofMean values: [Double]) -> Interval? {
    interval(count: values.count) { indices in
      indices.reduce(0) { $0 + values[$1] } / Double(indices.count)
    }
  }
}
