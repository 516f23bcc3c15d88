public import Foundation
internal import Hub

/// A server that speaks the chat protocol of OpenAI, such as vLLM, Ollama or llama.cpp.
public struct ChatEndpoint: Sendable {
  /// What `/chat/completions` follows; ends in `/v1` or the like, unless a full address said otherwise.
  public let base: URL
  /// Proves who asks; goes to this server alone.
  public var key: String?
  /// For the whole of an answer, in seconds.
  public var timeout: Double = 180
  /// Attempts in a row for one request.
  public var attempts = 5
  /// Seconds before the second attempt; each later pause is twice as long.
  public var firstPause = 1.0

  /// - Parameter address: of the server, with or without `/v1`, or in full: what ends in `/chat/completions` is
  ///   used as it is.
  public init(_ address: String, key: String? = nil) throws(CaptionError) {
    var text = address
    while text.hasSuffix("/") { text.removeLast() }
    if text.hasSuffix("/chat/completions") {
      text.removeLast("/chat/completions".count)
    } else if text.firstMatch(of: #/\/v\d+\w*$/#) == nil {
      text += "/v1"
    }
    guard let url = URL(string: text), ["http", "https"].contains(url.scheme?.lowercased()),
      url.host()?.isEmpty == false, url.query() == nil
    else { throw .invalidEndpoint(address) }
    base = url
    self.key = key
  }

  var host: String { [base.host(), base.port.map(String.init)].compactMap(\.self).joined(separator: ":") }

  /// Fails early where the server cannot be reached or lacks the model. A server that does not list its models is asked
  /// for one all the same.
  public func check(model: String) async throws {
    guard let reply = try await send(.get, "models", passes: [400, 404, 405, 501]),
      let list = try? JSONDecoder().decode(ModelList.self, from: reply.body)
    else { return }
    let known = list.data.map(\.id)
    // Ollama lists `llava:latest` and answers to `llava`.
    guard known.contains(where: { $0 == model || $0.hasPrefix("\(model):") }) || known.isEmpty else {
      throw CaptionError.noModel(model, known: known)
    }
  }

  /// One request until it succeeds.
  /// - Throws: ``RequestRefusal`` for what is wrong with this request alone, ``CaptionError``, `CancellationError`.
  func complete(_ request: ChatRequest) async throws -> ChatReply {
    let body = FileManager.default.temporaryDirectory.appending(path: "uniform-\(UUID().uuidString).json")
    defer { try? FileManager.default.removeItem(at: body) }
    do {
      try request.json().write(to: body)
    } catch let error as CocoaError {
      throw CaptionError.unusableOutput(
        file: body.path, reason: "cannot be written (\(error.localizedDescription))")
    }
    guard let reply = try await send(.post(body, seconds: timeout), "chat/completions") else {
      throw CaptionError.malformedReply(host: host, what: "nothing")
    }
    guard let answer = try? JSONDecoder().decode(ChatReply.self, from: reply.body), !answer.choices.isEmpty
    else { throw CaptionError.malformedReply(host: host, what: "no choices in its answer") }
    return answer
  }

  /// - Parameter passes: statuses that are no failure; nil is returned for them.
  private func send(_ method: Curl.Method, _ path: String, passes: Set<Int> = []) async throws
    -> HTTPResponse?
  {
    let isPost = method != .get
    return try await RetryPolicy(attempts: attempts, firstPause: firstPause).run {
      var headers = ["User-Agent": "uniform", "Accept": "application/json"]
      if isPost { headers["Content-Type"] = "application/json" }
      if let key { headers["Authorization"] = "Bearer \(key)" }
      switch try await Curl.send(method, base.appending(path: path), headers: headers) {
      case .response(let response):
        if passes.contains(response.status) { return nil }
        guard (200..<300).contains(response.status) else { throw failure(response) }
        return response
      case .interrupted(let reason):
        throw PassingFailure(CaptionError.unreachable(host: host, reason: reason))
      case .unreachable(let reason):
        let error = CaptionError.unreachable(host: host, reason: reason)
        // Whoever mistyped the address shall know at once; a server may be restarted later on.
        if isPost { throw PassingFailure(error) }
        throw error
      case .rangeRefused, .notWritten:
        throw CaptionError.malformedReply(host: host, what: "a range of its answer")
      }
    }
  }

  private func failure(_ response: HTTPResponse) -> any Error {
    let (status, message) = (response.status, ChatFailure.message(response.body))
    switch status {
    case 401, 403: return CaptionError.denied(host: host, status: status, hasKey: key != nil)
    case 408, 429, 500...:
      return PassingFailure(
        CaptionError.busy(host: host, status: status, message: message), retryAfter: response.retryAfter())
    case 400, 413, 415, 422:
      return RequestRefusal(error: .refused(host: host, status: status, message: message))
    case 404: return CaptionError.refused(host: host, status: status, message: message)
    default: return CaptionError.malformedReply(host: host, what: "status \(status)")
    }
  }
}

/// The server understood a request and does not accept it: others may be fine.
struct RequestRefusal: Error {
  let error: CaptionError
}
