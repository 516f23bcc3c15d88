public import Foundation

/// Everything that can go wrong between the hub and the cache. `description` is one line: what, where, what to do.
public enum HubError: Error, Sendable, Equatable, CustomStringConvertible {
  case curlMissing
  case invalidReference(String)
  case invalidSetting(String)
  /// Status 401 or 403. `page` is where a licence can be accepted.
  case denied(RepositoryReference, status: Int, page: URL, hasToken: Bool)
  case noRepository(RepositoryReference, hub: String)
  case noRevision(RepositoryReference, hub: String)
  case noFile(RepositoryReference, pattern: String)
  /// Status 429. `seconds` is how long the hub asked to wait, where it said so.
  case tooManyRequests(host: String, seconds: Int?)
  /// Any other status that is no success.
  case refused(host: String, status: Int, what: String)
  case unreachable(host: String, reason: String)
  case notCached(RepositoryReference, cache: URL)
  case incompleteCache(RepositoryReference, missing: [String])
  case malformedReply(host: String, what: String)
  /// Hashes, or sizes where there is no hash; after a second try.
  case wrongContent(file: String, expected: String, found: String)
  case diskFull(URL, needed: Int?)
  case notWritable(URL, reason: String)

  public var description: String {
    switch self {
    case .curlMissing: "curl was not found; install it with `apt-get install curl ca-certificates`"
    case .invalidReference(let text), .invalidSetting(let text): text
    case .denied(let repository, let status, let page, hasToken: false):
      "\(repository) does not exist or is not open to all (\(status)); check the name, accept its licence at "
        + "\(page.absoluteString), and set HF_TOKEN to a token of yours"
    case .denied(let repository, let status, let page, hasToken: true):
      "\(repository) is not open to the token in use (\(status)); check HF_TOKEN, and accept the licence at "
        + page.absoluteString
    case .noRepository(let repository, let hub):
      "\(hub) has no model repository \(repository.name); check the name"
    case .noRevision(let repository, let hub):
      "\(repository.name) has no branch, tag or commit '\(repository.revision)' on \(hub); check it"
    case .noFile(let repository, let pattern):
      "\(repository) has no file '\(pattern)'; see the list on the repository's page"
    case .tooManyRequests(let host, let seconds):
      "\(host) takes no more requests for now (429); try again "
        + (seconds.map { "in \($0) s" } ?? "later") + ", or set HF_TOKEN, which allows more"
    case .refused(let host, let status, let what):
      "\(host) answered with status \(status) for \(what); try again later"
    case .unreachable(let host, let reason):
      "cannot reach \(host) (\(reason)); check the network, or set HF_ENDPOINT to a hub that can be reached"
    case .notCached(let repository, let cache):
      "\(repository) is not in the cache '\(cache.path(percentEncoded: false))' and HF_HUB_OFFLINE is set; unset it"
    case .incompleteCache(let repository, let missing):
      "the cache lacks \(missing.count) of the files of \(repository), such as '\(missing[0])', and "
        + "HF_HUB_OFFLINE is set; unset it"
    case .malformedReply(let host, let what):
      "\(host) does not answer as a hub of models does (\(what)); check HF_ENDPOINT"
    case .wrongContent(let file, let expected, let found):
      "'\(file)' is not what the hub announced, nor was it on a second try (\(found.brief) instead of "
        + "\(expected.brief)); it was removed, try again later"
    case .diskFull(let folder, let needed):
      "the disk of '\(folder.path(percentEncoded: false))' is full"
        + (needed.map { ": \(ByteCount($0)) are needed" } ?? "")
        + "; free some space, or set HF_HUB_CACHE to another folder"
    case .notWritable(let folder, let reason):
      "cannot write to '\(folder.path(percentEncoded: false))' (\(reason)); set HF_HUB_CACHE to another folder"
    }
  }
}

extension String {
  /// Of a hash, as many digits as tell it from another.
  fileprivate var brief: String { isLowercaseHexadecimal && count >= 40 ? "hash \(prefix(12))…" : self }
}

/// `1.2 GB`, in powers of ten.
private struct ByteCount: CustomStringConvertible {
  let bytes: Int

  init(_ bytes: Int) { self.bytes = bytes }

  var description: String {
    bytes < 1_000_000_000
      ? String(format: "%.1f MB", Double(bytes) / 1e6) : String(format: "%.1f GB", Double(bytes) / 1e9)
  }
}
