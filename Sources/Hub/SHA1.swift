/// FIPS 180-4, section 6.1: what git names content by. It notices accidents; against forgery it is too weak.
struct SHA1: BlockHash {
  var tail = BlockTail()
  private(set) var state: [UInt32] = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476, 0xc3d2_e1f0]

  mutating func absorb(_ blocks: UnsafeRawBufferPointer) {
    withUnsafeTemporaryAllocation(of: UInt32.self, capacity: 80) { w in
      for start in stride(from: 0, to: blocks.count, by: 64) {
        for t in 0..<16 {
          w[t] = UInt32(bigEndian: blocks.loadUnaligned(fromByteOffset: start &+ 4 &* t, as: UInt32.self))
        }
        for t in 16..<80 { w[t] = (w[t &- 3] ^ w[t &- 8] ^ w[t &- 14] ^ w[t &- 16]).rotated(31) }
        var (a, b, c, d, e) = (state[0], state[1], state[2], state[3], state[4])
        for t in 0..<80 {
          let (f, k): (UInt32, UInt32) =
            switch t {
            case ..<20: ((b & c) ^ (~b & d), 0x5a82_7999)
            case ..<40: (b ^ c ^ d, 0x6ed9_eba1)
            case ..<60: ((b & c) ^ (b & d) ^ (c & d), 0x8f1b_bcdc)
            default: (b ^ c ^ d, 0xca62_c1d6)
            }
          (e, d, c, b, a) = (d, c, b.rotated(2), a, a.rotated(27) &+ f &+ e &+ k &+ w[t])
        }
        for (index, value) in [a, b, c, d, e].enumerated() { state[index] &+= value }
      }
    }
  }
}
