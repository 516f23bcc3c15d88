/// A log-mel spectrogram as plain numbers: what is heard, as a picture.
public struct Spectrogram: Sendable, Equatable {
  public let frameCount: Int
  public let binCount: Int
  /// Natural logarithms of mel magnitudes, `[frameCount, binCount]`, the lowest bin first.
  public let values: [Float]

  public init(frameCount: Int, binCount: Int, values: [Float]) {
    precondition(
      frameCount > 0 && binCount > 0 && values.count == frameCount * binCount,
      "\(values.count) values are no spectrogram of \(frameCount) frames × \(binCount) bins")
    self.frameCount = frameCount
    self.binCount = binCount
    self.values = values
  }
}
