public import Foundation

/// SHA-256 in hexadecimal.
public enum FileDigest {
  /// Of what a file holds.
  /// - Throws: `HubError` where it cannot be read, `CancellationError`.
  public static func sha256(of file: URL) async throws -> String {
    try await ContentHash.sha256("").computed(for: file)
  }

  public static func sha256(of text: String) -> String {
    var hash = SHA256()
    hash.update(Array(text.utf8))
    return hash.finish().map { String(format: "%02x", $0) }.joined()
  }
}
