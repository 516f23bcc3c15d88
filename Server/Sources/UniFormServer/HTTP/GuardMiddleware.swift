import Foundation
import HTTPTypes
import Hummingbird
import Synchronization

/// Lets in who may come in: by the name that is asked for, the page that asks, the token, and how often.
struct GuardMiddleware: RouterMiddleware {
  let allowedHosts: Set<String>
  let token: String?
  let limiter: RateLimiter
  /// What is open without a token: that the server lives, how to show one, and the page that asks for it.
  private let open: Set<[Substring]>

  /// - Parameter pages: the files of the studio, by their paths below its folder.
  init(options: ServerOptions, token: String?, pages: [String]) {
    allowedHosts = Set((["localhost", options.host] + options.allowedHosts).map { $0.lowercased() })
    self.token = token
    limiter = RateLimiter(perMinute: options.rate)
    open = Set(([Route.health.path, Route.startSession.path, "/"] + pages).map { $0.split(separator: "/") })
  }

  static let cookie = "uniform_token"

  func handle(
    _ request: Request, context: ServerContext, next: (Request, ServerContext) async throws -> Response
  ) async throws -> Response {
    try checkHost(request)
    // The router would find its way through such a path, past whoever compares it.
    guard request.uri.isNormal else { throw APIError.notFound("there is nothing at this address") }
    let isWrite = request.method != .get && request.method != .head
    if isWrite { try checkOrigin(request) }
    if let token, !open.contains(request.uri.components), !Self.isShown(token, by: request) {
      throw APIError(
        .unauthorized, "unauthorized", "show the token of this server: Authorization: Bearer TOKEN")
    }
    if isWrite, let wait = limiter.wait(context.address) {
      throw APIError(
        .tooManyRequests, "too_many_requests", "too many requests from your address; try again in \(wait) s",
        retryAfter: wait)
    }
    return try await next(request, context)
  }

  /// A page elsewhere that made its own name lead here is stopped by that name; an address cannot be made to lead here.
  private func checkHost(_ request: Request) throws {
    let host = Self.host(of: request.head.authority ?? "")
    let isAddress =
      host.hasPrefix("[") || !host.isEmpty && host.utf8.allSatisfy { 0x30...0x39 ~= $0 || $0 == 0x2E }
    guard isAddress || allowedHosts.contains(host) else {
      throw APIError(
        .forbidden, "wrong_host",
        "this server is not known as '\(host.prefix(100))'; --allow-host can add the name")
    }
  }

  static func host(of authority: String) -> String {
    let text = authority.lowercased()
    if text.hasPrefix("["), let end = text.firstIndex(of: "]") { return String(text[...end]) }
    return String(text.prefix { $0 != ":" })
  }

  private func checkOrigin(_ request: Request) throws {
    let site = request.headers[HTTPField.Name("Sec-Fetch-Site")!]
    let origin = request.headers[.origin]
    let isOwn = origin.map {
      $0.lowercased().split(separator: "://").last.map(String.init) == request.head.authority?.lowercased()
        && $0.contains("://")
    }
    guard site.map({ ["same-origin", "none"].contains($0) }) ?? true, isOwn ?? true else {
      throw APIError(.forbidden, "wrong_origin", "a page of another site may not change anything here")
    }
  }

  private static func isShown(_ token: String, by request: Request) -> Bool {
    let bearer = request.headers[.authorization].flatMap { value in
      value.lowercased().hasPrefix("bearer ") ? String(value.dropFirst(7)) : nil
    }
    guard let shown = bearer ?? request.cookies[Self.cookie]?.value else { return false }
    return isEqual(shown, token)
  }

  /// Takes as long for any text of the same length: it does not tell how much of a guess was right.
  static func isEqual(_ shown: String, _ token: String) -> Bool {
    let (shown, token) = (Array(shown.utf8), Array(token.utf8))
    var difference = shown.count ^ token.count
    for index in token.indices { difference |= Int(token[index] ^ (index < shown.count ? shown[index] : 0)) }
    return difference == 0
  }
}

/// So many a minute from each address, as a bucket that fills again steadily.
final class RateLimiter: Sendable {
  private struct Bucket {
    var tokens: Double
    var time: ContinuousClock.Instant
  }
  private let perMinute: Double
  private let buckets = Mutex<[String: Bucket]>([:])

  init(perMinute: Int) { self.perMinute = Double(perMinute) }

  /// Takes one; the seconds to wait where there is none.
  func wait(_ address: String, now: ContinuousClock.Instant = .now) -> Int? {
    buckets.withLock { buckets in
      if buckets.count > 10_000 {
        buckets = buckets.filter { now - $0.value.time < .seconds(60) }
        if buckets.count > 10_000 { return 60 }
      }
      var bucket = buckets[address] ?? Bucket(tokens: perMinute, time: now)
      let passed = (now - bucket.time) / .seconds(60)
      bucket.tokens = min(perMinute, bucket.tokens + passed * perMinute)
      bucket.time = now
      defer { buckets[address] = bucket }
      guard bucket.tokens >= 1 else {
        return max(1, Int((60 * (1 - bucket.tokens) / perMinute).rounded(.up)))
      }
      bucket.tokens -= 1
      return nil
    }
  }
}
