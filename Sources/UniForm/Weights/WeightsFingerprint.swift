package import Foundation

extension ModelDirectory {
  /// 16 hexadecimal digits that change with any byte of any weights, configuration or tokenizer, and with what else in
  /// the model decides what a request gives: tells retrained models of one name apart. Made for speed (it reads at the
  /// disk's pace), not against forgery. Empty where a file cannot be read.
  public var weightsFingerprint: String {
    // Of the index only what changes the clip of a request that says everything: neither names, licences and examples, nor
    // steps and guidance, which stand beside this wherever clips are recorded.
    guard let measures = try? geometry.json() else { return "" }
    var hash = Hash64()
    measures.withUnsafeBytes { hash.combine($0) }
    withUnsafeBytes(of: defaults.nullCaptionLength) { hash.combine($0) }
    return fingerprint(
      of: Part.allCases.map(\.rawValue) + ["mel", "scheduler", "tokenizer"], adapters, from: hash)
  }

  /// The same, of what turns clips and captions into latents and tokens.
  public var codecFingerprint: String {
    fingerprint(of: [Part.videoVAE.rawValue, Part.audioVAE.rawValue, "mel", "tokenizer"])
  }

  /// The same, of what turns pictures or sound into latents and back: only latents of the same fingerprint fit.
  public func codecFingerprint(of modality: Modality) -> String {
    fingerprint(of: modality == .video ? [Part.videoVAE.rawValue] : [Part.audioVAE.rawValue, "mel"])
  }

  /// The same, of what turns captions into tokens.
  public var tokenizerFingerprint: String { fingerprint(of: ["tokenizer"]) }

  /// The same, of what turns captions into states.
  public var textFingerprint: String { fingerprint(of: [Part.textEncoder.rawValue, "tokenizer"]) }

  private func fingerprint(
    of folders: [String], _ adapters: [Adapter] = [], from start: Hash64 = Hash64()
  ) -> String {
    var hash = start
    for adapter in adapters {
      guard let data = try? Data(contentsOf: adapter.url, options: .mappedIfSafe) else { return "" }
      data.withUnsafeBytes { hash.combine($0) }
      withUnsafeBytes(of: adapter.scale) { hash.combine($0) }
    }
    for folder in folders {
      let folder = url.appending(path: folder)
      let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
      for name in names.sorted() where ["safetensors", "json", "model"].contains(name.pathExtension) {
        let file = folder.appending(path: name)
        guard (try? hash.combine(contentsOf: file)) != nil else { return "" }
      }
    }
    return hash.digits
  }
}

extension String {
  fileprivate var pathExtension: String { split(separator: ".").last.map(String.init) ?? "" }
}

/// FNV-1a over words of eight bytes, with a shift that lets high bits reach low ones.
package struct Hash64 {
  private var state: UInt64 = 0xcbf2_9ce4_8422_2325

  package init() {}

  package mutating func combine(_ bytes: UnsafeRawBufferPointer) {
    combine(words: bytes)
    for byte in bytes[(bytes.count / 8 * 8)...] { combine(UInt64(byte)) }
    combine(UInt64(bytes.count))
  }

  /// A few megabytes at a time: weights may be larger than memory.
  package mutating func combine(contentsOf file: URL) throws {
    let handle = try FileHandle(forReadingFrom: file)
    defer { try? handle.close() }
    var count = 0
    var rest = Data()
    while let piece = try handle.read(upToCount: Self.pieceSize), !piece.isEmpty {
      count += piece.count
      // A read may end anywhere; words begin at multiples of eight.
      let bytes = rest.isEmpty ? piece : rest + piece
      rest = Data(bytes.suffix(bytes.count % 8))
      bytes.withUnsafeBytes { combine(words: $0) }
    }
    for byte in rest { combine(UInt64(byte)) }
    combine(UInt64(count))
  }

  private static let pieceSize = 4 << 20

  /// What does not fill a word is left out.
  private mutating func combine(words bytes: UnsafeRawBufferPointer) {
    for index in 0..<bytes.count / 8 {
      combine(bytes.loadUnaligned(fromByteOffset: 8 * index, as: UInt64.self))
    }
  }

  private mutating func combine(_ word: UInt64) {
    state = (state ^ word) &* 0x0000_0100_0000_01b3
    state ^= state >> 29
  }

  /// 16 hexadecimal digits.
  package var digits: String {
    let digits = String(state, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}
