/// MT19937 with the seeding and the permutation of numpy's legacy `RandomState`, so that a shuffle can be repeated here.
public struct MersenneTwister: Sendable {
  private var state: [UInt32]
  private var position = 624

  /// As `numpy.random.RandomState(seed)` and `numpy.random.seed(seed)`.
  public init(seed: UInt32) {
    state = [seed]
    for index in 1..<624 {
      let last = state[index - 1]
      state.append(1_812_433_253 &* (last ^ (last >> 30)) &+ UInt32(index))
    }
  }

  public mutating func next() -> UInt32 {
    if position == 624 { regenerate() }
    var y = state[position]
    position += 1
    y ^= y >> 11
    y ^= (y << 7) & 0x9d2c_5680
    y ^= (y << 15) & 0xefc6_0000
    return y ^ (y >> 18)
  }

  private mutating func regenerate() {
    for index in 0..<624 {
      let y = (state[index] & 0x8000_0000) | (state[(index + 1) % 624] & 0x7fff_ffff)
      state[index] = state[(index + 397) % 624] ^ (y >> 1) ^ (y & 1 == 0 ? 0 : 0x9908_b0df)
    }
    position = 0
  }

  /// A number in 0…`maximum`, by masking and rejection.
  public mutating func interval(_ maximum: UInt32) -> UInt32 {
    guard maximum > 0 else { return 0 }
    let mask = UInt32.max >> UInt32(maximum.leadingZeroBitCount)
    while true {
      let value = next() & mask
      if value <= maximum { return value }
    }
  }

  /// As `RandomState.permutation(count)`: Fisher–Yates from the end.
  public mutating func permutation(_ count: Int) -> [Int] {
    var order = Array(0..<count)
    guard count > 1 else { return order }
    for index in (1..<count).reversed() { order.swapAt(index, Int(interval(UInt32(index)))) }
    return order
  }
}
