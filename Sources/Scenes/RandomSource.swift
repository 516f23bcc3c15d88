/// A small deterministic generator (SplitMix64): the same seed gives the same numbers on every platform.
///
/// SplitMix64 adds a constant to a 64-bit counter and scrambles the sum. It passes the usual statistical
/// tests, needs one word of state, and streams split off by `fork` are independent for practical purposes.
struct RandomSource: RandomNumberGenerator, Sendable {
  private var state: UInt64

  init(seed: UInt64) {
    state = seed
  }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    return Self.scramble(state)
  }

  /// A stream of its own for one purpose, so that taking more numbers there changes nothing here.
  func fork(_ purpose: UInt64) -> RandomSource {
    RandomSource(seed: Self.scramble(state ^ Self.scramble(purpose &+ 0x632B_E59B_D9B4_E019)))
  }

  /// Uniform in [0, 1), 24 bits.
  @inline(__always)
  mutating func unit() -> Float {
    Float(next() >> 40) * 0x1p-24
  }

  /// Uniform in [−1, 1).
  @inline(__always)
  mutating func signed() -> Float {
    Float(next() >> 40) * 0x1p-23 - 1
  }

  mutating func uniform(_ range: ClosedRange<Float>) -> Float {
    range.lowerBound + (range.upperBound - range.lowerBound) * unit()
  }

  mutating func uniform(_ range: ClosedRange<Double>) -> Double {
    range.lowerBound + (range.upperBound - range.lowerBound) * (Double(next() >> 11) * 0x1p-53)
  }

  /// One of the elements, each equally likely; the array must not be empty.
  mutating func choice<Element>(_ elements: [Element]) -> Element {
    elements[Int(next() % UInt64(elements.count))]
  }

  mutating func choice<Value: CaseIterable>(of type: Value.Type) -> Value {
    choice(Array(type.allCases))
  }

  static func scramble(_ value: UInt64) -> UInt64 {
    var z = value
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
