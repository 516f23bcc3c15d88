import Foundation
import Testing

@testable import Hub

@Suite struct HashTests {
  /// Examples of FIPS 180 and NIST's validation suite; the last two are longer than a block.
  static let vectors: [(text: String, sha256: String, sha1: String)] = [
    (
      "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
      "da39a3ee5e6b4b0d3255bfef95601890afd80709"
    ),
    (
      "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
      "a9993e364706816aba3e25717850c26c9cd0d89d"
    ),
    (
      "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
      "84983e441c3bd26ebaae4aa1f95129e5e54670f1"
    ),
    (
      "abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
      "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1",
      "a49b2446a02c645bf419f995b67091253a04a259"
    ),
  ]

  private func hexadecimal(_ hash: some BlockHash, _ pieces: [[UInt8]]) -> String {
    var hash = hash
    for piece in pieces { hash.update(piece) }
    return hash.finish().map { String(format: "%02x", $0) }.joined()
  }

  @Test(arguments: vectors.indices)
  func `published vectors`(index: Int) {
    let (text, sha256, sha1) = Self.vectors[index]
    #expect(hexadecimal(SHA256(), [Array(text.utf8)]) == sha256)
    #expect(hexadecimal(SHA1(), [Array(text.utf8)]) == sha1)
  }

  /// In pieces that never fit the blocks.
  @Test func `a million letters`() {
    let pieces = stride(from: 0, to: 1_000_000, by: 9_973).map {
      [UInt8](repeating: 0x61, count: min(9_973, 1_000_000 - $0))
    }
    #expect(
      hexadecimal(SHA256(), pieces) == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")
    #expect(hexadecimal(SHA1(), pieces) == "34aa973cd4c4daa4f61eeb2bdbad27316534016f")
  }

  /// What `git hash-object` says of a file that holds "what is up, doc?", as in the book on git.
  @Test func `git's name of a file`() async throws {
    let file = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    try Data("what is up, doc?".utf8).write(to: file)
    defer { try? FileManager.default.removeItem(at: file) }
    let hash = try #require(ContentHash(etag: "bd9dbf5aae1a3862dd1526723246b20206e5fc37"))
    #expect(try await hash.computed(for: file) == hash.expected)
    #expect(ContentHash(etag: "0123456789abcdef0123456789abcdef") == nil)
  }
}
