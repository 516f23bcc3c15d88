/// The order in which training sees the clips of a cache: every clip once per epoch, shuffled anew each time.
///
/// It is a function of seed and position alone: nothing has to be saved to go on with it after an interruption, and
/// workers that divide a batch need not talk to each other. Epochs follow each other without a gap, so that a
/// batch may hold the end of one and the beginning of the next.
public struct EpochOrder: Sendable, Equatable {
  public let count: Int
  public let seed: UInt64
  /// Bits of each half of a position in the network below.
  private let halfBits: UInt64

  /// - Parameter count: of clips, at least one.
  public init(count: Int, seed: UInt64) {
    precondition(count > 0, "an order needs clips")
    self.count = count
    self.seed = seed
    let bits = UInt64(Int.bitWidth - (count - 1).leadingZeroBitCount)
    halfBits = max(4, (bits + 1) / 2)
  }

  /// The clips of one worker's share of a step, `batchSize / workers` of them.
  ///
  /// All workers together have the same clips whatever their number.
  ///
  /// - Parameters:
  ///   - step: from 0.
  ///   - batchSize: clips per step of all workers together, a multiple of their number.
  ///   - worker: from 0.
  public func indices(step: Int, batchSize: Int, worker: Int = 0, of workers: Int = 1) -> [Int] {
    precondition(
      step >= 0 && batchSize > 0 && (0..<workers).contains(worker) && batchSize % workers == 0,
      "worker \(worker) of \(workers) cannot share step \(step) of \(batchSize) clips")
    let share = batchSize / workers
    let start = step * batchSize + worker * share
    return (start..<start + share).map(clip)
  }

  /// The epoch, from 0, in which a step begins.
  public func epoch(step: Int, batchSize: Int) -> Int { step * batchSize / count }

  /// The clip at a position in the endless sequence of epochs.
  func clip(at position: Int) -> Int {
    let (epoch, offset) = position.quotientAndRemainder(dividingBy: count)
    let key = Self.scramble(seed &+ Self.scramble(UInt64(epoch) &+ 0x9E37_79B9_7F4A_7C15))
    // A permutation of a power of two becomes one of `count` where it is applied until the result is a clip.
    var value = UInt64(offset)
    repeat { value = permuted(value, key: key) } while value >= UInt64(count)
    return Int(value)
  }

  /// A Feistel network: a permutation of the numbers of `2 · halfBits` bits, whatever its round function.
  private func permuted(_ value: UInt64, key: UInt64) -> UInt64 {
    let mask = (UInt64(1) << halfBits) - 1
    var (left, right) = (value >> halfBits, value & mask)
    for round in 0..<UInt64(6) {
      (left, right) = (right, left ^ (Self.scramble(right ^ key &+ round &* 0xD1B5_4A32_D192_ED03) & mask))
    }
    return left << halfBits | right
  }

  /// The finaliser of SplitMix64.
  private static func scramble(_ value: UInt64) -> UInt64 {
    var z = value
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}
