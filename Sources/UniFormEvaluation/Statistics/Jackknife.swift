/// Confidence intervals of distances between sets, from leaving out a twentieth of the clips at a time.
///
/// The bootstrap does not serve here: a clip that is drawn twice adds nothing to the rank of a covariance and is a pair of equal
/// vectors to a kernel, so that all resamples lie to one side of the value.
public enum Jackknife {
  /// Each is left out once.
  static let groups = 20
  /// What 97.5 % of Student's distribution of one degree of freedom less than groups lies below.
  static let quantile = 2.093

  /// - Parameters:
  ///   - value: of all clips.
  ///   - count: clips.
  ///   - score: of the clips of some indices, each at most once.
  /// - Returns: nil for fewer clips than groups.
  public static func interval<Failure: Error>(
    of value: Double, count: Int, _ score: ([Int]) throws(Failure) -> Double
  ) throws(Failure) -> ConfidenceInterval? {
    guard count >= groups else { return nil }
    // Neighbours are often alike, so groups are drawn.
    var random = MersenneTwister(seed: 2020)
    let order = random.permutation(count)
    var scores: [Double] = []
    for group in 0..<groups {
      scores.append(try score(order.indices.filter { $0 % groups != group }.map { order[$0] }))
    }
    let mean = scores.reduce(0, +) / Double(groups)
    let squares = scores.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    let reach = quantile * (squares * Double(groups - 1) / Double(groups)).squareRoot()
    return ConfidenceInterval(low: value - reach, high: value + reach)
  }
}
