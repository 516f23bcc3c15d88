internal import Foundation

/// Asks the hub, patiently, and only the hub with the token.
struct HubClient {
  let settings: HubSettings
  let repository: RepositoryReference

  private var host: String { settings.endpoint.host() ?? "" }

  /// The files at the revision, with sizes and hashes where the hub tells them.
  func tree() async throws -> FileTree {
    let path =
      "/api/models/\(repository.name)/revision/\(Self.encoded(repository.revision, keeping: ""))?blobs=true"
    // Whoever has no network shall know at once.
    let reply = try await send(.get, try url(path), what: "the list of files", waitsForNetwork: false)
    return try FileTree(listing: reply.body, host: host)
  }

  /// `file` with what the hub announces about it, for a hub whose list does not say all.
  func announced(_ file: FileTree.File, at commit: String) async throws -> FileTree.File {
    let reply = try await send(.head, resolve(file.path, at: commit), what: "'\(file.path)'")
    if let answered = reply["X-Repo-Commit"], answered != commit {
      throw HubError.malformedReply(host: host, what: "another commit")
    }
    // It becomes the name of a file.
    guard let etag = reply.entityTag, etag.wholeMatch(of: #/[A-Za-z0-9_][A-Za-z0-9._-]{0,199}/#) != nil else {
      throw HubError.malformedReply(host: host, what: "no usable ETag for '\(file.path)'")
    }
    var file = file
    file.announcedTag = etag
    file.size = file.size ?? reply.contentSize
    return file
  }

  /// Appends to `part` what it lacks of the file.
  func download(_ path: String, at commit: String, to part: URL, size: Int?) async throws {
    _ = try await send(.get, resolve(path, at: commit), to: (part, size), what: "'\(path)'")
  }

  private func resolve(_ path: String, at commit: String) throws -> URL {
    try url("/\(repository.name)/resolve/\(commit)/\(Self.encoded(path, keeping: "/"))")
  }

  private func url(_ path: String) throws -> URL {
    guard let url = URL(string: settings.endpoint.absoluteString + path) else {
      throw HubError.invalidSetting("HF_ENDPOINT gives no address with '\(path)'")
    }
    return url
  }

  private static func encoded(_ text: String, keeping separators: String) -> String {
    var allowed = CharacterSet(
      charactersIn: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
    allowed.insert(charactersIn: separators)
    return text.addingPercentEncoding(withAllowedCharacters: allowed) ?? text
  }
}

// MARK: - One request, until it succeeds

extension HubClient {
  /// A file that grows, and how large it shall be, where that is known.
  private typealias Part = (url: URL, size: Int?)

  private func send(
    _ method: Curl.Method, _ url: URL, to part: Part? = nil, what: String, waitsForNetwork: Bool = true
  ) async throws -> HTTPResponse {
    try await settings.retry.run(amount: { part?.url.fileSize ?? 0 }) {
      try await follow(method, url, to: part, what: what, waitsForNetwork: waitsForNetwork)
    }
  }

  /// Goes where redirects lead. Of a file's metadata the hub itself knows best, so there it stays with the hub.
  private func follow(
    _ method: Curl.Method, _ start: URL, to part: Part?, what: String, waitsForNetwork: Bool
  ) async throws -> HTTPResponse {
    var url = start
    for _ in 0..<10 {
      let response = try await request(method, url, to: part, waitsForNetwork: waitsForNetwork)
      if let target = response.redirection {
        guard let next = URL(string: target, relativeTo: url)?.absoluteURL, next.host() != nil,
          next.scheme == "https" || next.scheme == url.scheme
        else { throw HubError.malformedReply(host: url.host() ?? host, what: "a redirect to '\(target)'") }
        if method == .head && !isHub(next) { return response }
        url = next
      } else if (200..<300).contains(response.status) {
        // An answer without a length ends wherever the connection does.
        if let part, let size = part.size, (part.url.fileSize ?? 0) < size {
          throw PassingFailure(
            HubError.unreachable(host: url.host() ?? host, reason: "\(what) ended early"))
        }
        return response
      } else {
        throw failure(response, at: url, what: what)
      }
    }
    throw HubError.malformedReply(host: host, what: "redirects without end")
  }

  private func request(
    _ method: Curl.Method, _ url: URL, to part: Part?, waitsForNetwork: Bool
  ) async throws -> HTTPResponse {
    var headers = ["User-Agent": settings.userAgent, "Accept-Encoding": "identity"]
    if let token = settings.token, isHub(url) { headers["Authorization"] = "Bearer \(token)" }
    let host = url.host() ?? self.host
    switch try await Curl.send(method, url, headers: headers, to: part?.url) {
    case .response(let response): return response
    case .interrupted(let reason): throw PassingFailure(HubError.unreachable(host: host, reason: reason))
    case .unreachable(let reason):
      let error = HubError.unreachable(host: host, reason: reason)
      if waitsForNetwork { throw PassingFailure(error) }
      throw error
    case .rangeRefused:
      // From the beginning, then.
      if let part { truncate(part.url.path(percentEncoded: false), 0) }
      throw PassingFailure(HubError.malformedReply(host: host, what: "ranges of a file are refused"))
    case .notWritten:
      let folder = part?.url.deletingLastPathComponent() ?? settings.cache
      throw folder.freeBytes ?? .max < 1 << 20
        ? HubError.diskFull(folder, needed: nil) : HubError.notWritable(folder, reason: "writing failed")
    }
  }

  /// The same scheme, host and port.
  private func isHub(_ url: URL) -> Bool {
    func origin(_ url: URL) -> [String] {
      let scheme = url.scheme?.lowercased() ?? ""
      return [scheme, url.host()?.lowercased() ?? "", "\(url.port ?? (scheme == "http" ? 80 : 443))"]
    }
    return origin(url) == origin(settings.endpoint)
  }

  private func failure(_ response: HTTPResponse, at url: URL, what: String) -> any Error {
    let host = url.host() ?? self.host
    let error = HubError.refused(host: host, status: response.status, what: what)
    switch (response.status, response["X-Error-Code"]) {
    case (401, _) where isHub(url), (403, _) where isHub(url):
      return HubError.denied(
        repository, status: response.status, page: settings.endpoint.appending(path: repository.name),
        hasToken: settings.token != nil)
    case (404, "RevisionNotFound"): return HubError.noRevision(repository, hub: self.host)
    case (404, "EntryNotFound"): return HubError.noFile(repository, pattern: what.filter { $0 != "'" })
    case (404, _) where isHub(url): return HubError.noRepository(repository, hub: self.host)
    case (429, _):
      let pause = response.retryAfter()
      return PassingFailure(
        HubError.tooManyRequests(host: host, seconds: pause.map { Int($0.rounded(.up)) }), retryAfter: pause)
    case (503, _): return PassingFailure(error, retryAfter: response.retryAfter())
    // A link to the content that has run out (403) is made anew by the hub.
    case (403, _), (408, _), (500..., _): return PassingFailure(error)
    default: return error
    }
  }
}
