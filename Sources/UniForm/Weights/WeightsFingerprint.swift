internal import Foundation

extension ModelDirectory {
  /// 16 hexadecimal digits that change with any byte of any weight file: tells retrained models of one name apart.
  /// Made for speed (it reads at the disk's pace), not against forgery. Empty where a file cannot be read.
  public var weightsFingerprint: String {
    var hash = Hash64()
    for part in Part.allCases {
      let folder = url.appending(path: part.rawValue)
      let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
      for name in names.sorted() where name.hasSuffix(".safetensors") {
        let file = folder.appending(path: name)
        guard let data = try? Data(contentsOf: file, options: .mappedIfSafe) else { return "" }
        data.withUnsafeBytes { hash.combine($0) }
      }
    }
    return hash.digits
  }
}

/// FNV-1a over words of eight bytes, with a shift that lets high bits reach low ones.
private struct Hash64 {
  private var state: UInt64 = 0xcbf2_9ce4_8422_2325

  mutating func combine(_ bytes: UnsafeRawBufferPointer) {
    let words = bytes.count / 8
    for index in 0..<words { combine(bytes.loadUnaligned(fromByteOffset: 8 * index, as: UInt64.self)) }
    for byte in bytes[(8 * words)...] { combine(UInt64(byte)) }
    combine(UInt64(bytes.count))
  }

  private mutating func combine(_ word: UInt64) {
    state = (state ^ word) &* 0x0000_0100_0000_01b3
    state ^= state >> 29
  }

  var digits: String {
    let digits = String(state, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}
