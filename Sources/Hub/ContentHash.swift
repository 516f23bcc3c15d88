internal import Foundation

/// What the content of a blob must hash to; both kinds are in hexadecimal.
enum ContentHash: Equatable {
  /// Of large files.
  case sha256(String)
  /// Of small files: SHA-1 over `blob`, size and content, as git names them.
  case gitBlob(String)

  /// - Parameter etag: of the hub. Other servers may have tags that are no hash: nil.
  init?(etag: String) {
    guard etag.isLowercaseHexadecimal else { return nil }
    switch etag.count {
    case 64: self = .sha256(etag)
    case 40: self = .gitBlob(etag)
    default: return nil
    }
  }

  var expected: String {
    switch self {
    case .sha256(let digits), .gitBlob(let digits): digits
    }
  }

  /// The hash of what a file holds, in hexadecimal.
  /// - Throws: `HubError.notWritable` where the file cannot be read back, `CancellationError`.
  func computed(for file: URL) async throws -> String {
    let descriptor = open(file.path(percentEncoded: false), O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw systemError(file.deletingLastPathComponent()) }
    defer { close(descriptor) }
    switch self {
    case .sha256: return try await Self.digest(SHA256(), descriptor, file)
    case .gitBlob:
      var hash = SHA1()
      hash.update(Array("blob \(file.fileSize ?? 0)\0".utf8))
      return try await Self.digest(hash, descriptor, file)
    }
  }

  private static func digest(_ hash: some BlockHash, _ descriptor: Int32, _ file: URL) async throws -> String
  {
    var hash = hash
    var buffer = [UInt8](repeating: 0, count: 1 << 20)
    while true {
      try Task.checkCancellation()
      let count = buffer.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
      guard count >= 0 else { throw systemError(file.deletingLastPathComponent()) }
      if count == 0 { return hash.finish().map { String(format: "%02x", $0) }.joined() }
      buffer.withUnsafeBytes { hash.update(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
      // Other files download meanwhile on the same few threads.
      await Task.yield()
    }
  }
}
