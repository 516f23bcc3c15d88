public import Foundation

/// Where the hub and the cache are, by the variables that all tools for the hub share.
public struct HubSettings: Sendable {
  public var endpoint: URL
  /// Proves who is asking; sent to `endpoint` alone.
  public var token: String?
  /// Holds one `models--org--name` per repository.
  public var cache: URL
  /// Answer from the cache, without any request.
  public var isOffline: Bool
  public var userAgent = "uniform"
  public var retry = RetryPolicy()

  public init(endpoint: URL, token: String? = nil, cache: URL, isOffline: Bool = false) {
    self.endpoint = endpoint
    self.token = token
    self.cache = cache
    self.isOffline = isOffline
  }

  /// - Parameter environment: of the process. Read are `HF_ENDPOINT`, `HF_TOKEN`, `HF_TOKEN_PATH`, `HF_HOME`,
  ///   `HF_HUB_CACHE`, `HF_HUB_OFFLINE`, `HF_HUB_DISABLE_IMPLICIT_TOKEN`, `XDG_CACHE_HOME` and `HOME`.
  /// - Throws: `HubError.invalidSetting`.
  public init(environment: [String: String]) throws {
    func value(_ names: String...) -> String? {
      names.lazy.compactMap { environment[$0] }.first { !$0.isEmpty }
    }
    func isOn(_ name: String) -> Bool {
      ["1", "on", "yes", "true"].contains(environment[name]?.lowercased() ?? "")
    }
    let home = value("HOME") ?? NSHomeDirectory()
    func place(_ path: String, _ kind: URL.DirectoryHint) -> URL {
      URL(filePath: path.hasPrefix("~/") ? home + path.dropFirst() : path, directoryHint: kind).absoluteURL
    }
    func folder(_ path: String) -> URL { place(path, .isDirectory) }
    let caches = folder(value("XDG_CACHE_HOME") ?? "\(home)/.cache")
    let hubHome = value("HF_HOME").map(folder) ?? caches.appending(path: "huggingface")

    let address = value("HF_ENDPOINT") ?? "https://huggingface.co"
    let trimmed = String(address.trimmingSuffix { $0 == "/" })
    guard let url = URL(string: trimmed), ["http", "https"].contains(url.scheme?.lowercased()),
      url.host()?.isEmpty == false, url.query() == nil, url.user() == nil
    else {
      throw HubError.invalidSetting(
        "HF_ENDPOINT is '\(address)'; use an address such as https://huggingface.co")
    }
    self.init(
      endpoint: url, cache: value("HF_HUB_CACHE").map(folder) ?? hubHome.appending(path: "hub"),
      isOffline: isOn("HF_HUB_OFFLINE"))
    if let given = value("HF_TOKEN") {
      token = try Self.token(given, from: "HF_TOKEN")
    } else if !isOn("HF_HUB_DISABLE_IMPLICIT_TOKEN") {
      let given = value("HF_TOKEN_PATH").map { place($0, .notDirectory) }
      let path = (given ?? hubHome.appending(path: "token", directoryHint: .notDirectory))
        .path(percentEncoded: false)
      let stored = try? String(contentsOfFile: path, encoding: .utf8)
      guard stored != nil || given == nil else {
        throw HubError.invalidSetting("HF_TOKEN_PATH is '\(path)', which cannot be read; correct or unset it")
      }
      token = try stored.flatMap { try Self.token($0, from: path) }
    }
  }

  /// Nothing that would end the header it travels in.
  private static func token(_ text: String, from source: String) throws -> String? {
    let token = text.trimmingCharacters(in: .whitespacesAndNewlines)
    guard token.utf8.allSatisfy({ (0x21...0x7e).contains($0) }) else {
      throw HubError.invalidSetting("\(source) holds no token: there are blanks or other characters in it")
    }
    return token.isEmpty ? nil : token
  }
}

extension StringProtocol {
  fileprivate func trimmingSuffix(while condition: (Character) -> Bool) -> SubSequence {
    self[..<(lastIndex { !condition($0) }.map(index(after:)) ?? startIndex)]
  }
}
