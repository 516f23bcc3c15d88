/// Peaks of a curve that stand out from their surroundings, as librosa 0.10 and 0.11 pick them (Böck et al. 2012).
public struct PeakPicking: Sendable, Equatable {
  /// Values before and, this one included, after a peak of which it must be the largest.
  public var before: Int
  public var after: Int
  /// Values before and, this one included, after it whose mean it must exceed by `margin`.
  public var meanBefore: Int
  public var meanAfter: Int
  public var margin: Double
  /// Values after a peak that can be none.
  public var wait: Int

  public init(before: Int, after: Int, meanBefore: Int, meanAfter: Int, margin: Double, wait: Int) {
    self.before = before
    self.after = after
    self.meanBefore = meanBefore
    self.meanAfter = meanAfter
    self.margin = margin
    self.wait = wait
  }

  /// Indices of the peaks, in order.
  public func callAsFunction(_ values: [Double]) -> [Int] {
    var peaks: [Int] = []
    var index = 0
    while index < values.count {
      let largest = values[max(0, index - before)..<min(index + after, values.count)].max()!
      let surroundings = values[max(0, index - meanBefore)..<min(index + meanAfter, values.count)]
      let mean = surroundings.reduce(0, +) / Double(surroundings.count)
      if values[index] == largest && values[index] >= mean + margin {
        peaks.append(index)
        index += wait
      }
      index += 1
    }
    return peaks
  }
}
