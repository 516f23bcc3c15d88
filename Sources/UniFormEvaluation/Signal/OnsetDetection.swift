public import Media

/// When sounds set in, as librosa's `onset_detect` tells with its defaults: on a grid of 23.2 ms.
public struct OnsetDetection: Sendable, Equatable {
  public let strength = OnsetStrength()

  public init() {}

  /// Seconds from the start, in order. Silence, and sound that never changes, have none.
  /// - Parameter waveform: at ``OnsetStrength/sampleRate``.
  public func times(_ waveform: Waveform) -> [Double] {
    frames(strength(waveform)).map { Double($0 * strength.hop) / Double(strength.sampleRate) }
  }

  /// The frames at which a strength curve peaks.
  public func frames(_ curve: [Double]) -> [Int] {
    guard let least = curve.min(), curve.allSatisfy(\.isFinite) else { return [] }
    let raised = curve.map { $0 - least }
    let largest = raised.max()!
    guard largest > 0 else { return [] }
    let rate = Double(strength.sampleRate) / Double(strength.hop)
    let picking = PeakPicking(
      before: Int(0.03 * rate), after: 1, meanBefore: Int(0.1 * rate), meanAfter: Int(0.1 * rate) + 1,
      margin: 0.07, wait: Int(0.03 * rate))
    return picking(raised.map { $0 / largest })
  }
}
