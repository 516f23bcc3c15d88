internal import Foundation

extension ModelDirectory {
  /// 16 hexadecimal digits that change with any byte of any weight file: tells retrained models of one name apart. Made
  /// for speed (it reads at the disk's pace), not against forgery. Empty where a file cannot be read.
  public var weightsFingerprint: String {
    var hash: UInt64 = 0xcbf2_9ce4_8422_2325
    for part in Part.allCases {
      guard let url = try? weightsURL(part), let data = try? Data(contentsOf: url, options: .mappedIfSafe)
      else { return "" }
      data.withUnsafeBytes { bytes in
        let words = bytes.count / 8
        for index in 0..<words {
          hash =
            (hash ^ bytes.loadUnaligned(fromByteOffset: 8 * index, as: UInt64.self)) &* 0x0000_0100_0000_01b3
          hash ^= hash >> 29
        }
        for byte in bytes[(8 * words)...] { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
      }
      hash = (hash ^ UInt64(data.count)) &* 0x0000_0100_0000_01b3
    }
    let digits = String(hash, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}
