import Foundation
import Synchronization

/// A server on this machine that speaks the chat protocol over real sockets. It looks at each request as strictly as the
/// servers that people have, and has the faults that these have, each when told so.
final class TestChat: Sendable {
  private struct State {
    var faults: [ServerFault] = []
    var requests: [TestRequest] = []
    var prompts: [String] = []
    var pictures: [[Data]] = []
    var wrong: [String] = []
  }

  private let state = Mutex(State())
  private let listener: Listener
  private let base: String
  private let models: [String]?
  private let key: String?
  private let answer: String

  private static let isDirect = setenv("no_proxy", "127.0.0.1,localhost", 1) == 0

  /// - Parameters:
  ///   - base: what paths begin with.
  ///   - models: nil for a server that does not list them.
  ///   - faults: of the next answers to chats.
  init(
    base: String = "/v1", models: [String]? = ["seer"], key: String? = nil,
    answer: String = "The video shows a bell. It rings.", faults: [ServerFault] = []
  ) throws {
    guard Self.isDirect else { throw POSIXError(.ENOMEM) }
    (self.base, self.models, self.key, self.answer) = (base, models, key, answer)
    listener = try Listener()
    state.withLock { $0.faults = faults }
    listener.serve { [weak self] in self?.answer($0) }
  }

  deinit { listener.stop() }

  var address: String { "http://127.0.0.1:\(listener.port)" }
  /// Of chats.
  var requests: [TestRequest] { state.withLock { $0.requests } }
  var prompts: [String] { state.withLock { $0.prompts } }
  var pictures: [[Data]] { state.withLock { $0.pictures } }
  /// What was wrong with requests.
  var wrong: [String] { state.withLock { $0.wrong } }

  func forget() {
    state.withLock {
      $0 = State()
    }
  }

  func stop() { listener.stop() }

  private func answer(_ connection: Connection) {
    guard let request = connection.request() else { return }
    if let key, request.headers["authorization"] != "Bearer \(key)" { return connection.send(401) }
    switch (request.method, request.path) {
    case ("GET", base + "/models"):
      guard let models else { return connection.send(404) }
      send(["object": "list", "data": models.map { ["id": $0, "object": "model"] }], connection)
    case ("POST", base + "/chat/completions"): chat(request, connection)
    default: connection.send(404)
    }
  }

  private func chat(_ request: TestRequest, _ connection: Connection) {
    let fault = state.withLock { state -> ServerFault? in
      state.requests.append(request)
      return state.faults.isEmpty ? nil : state.faults.removeFirst()
    }
    if case .status(let status, let headers) = fault {
      let error = Data("{\"error\": {\"message\": \"not\\nnow\"}}".utf8)
      return connection.send(status, headers, error)
    }
    if let reason = read(request) {
      state.withLock { $0.wrong.append(reason) }
      return connection.send(400, [:], Data("{\"error\": \"\(reason)\"}".utf8))
    }
    send(
      [
        "id": "chat-1", "object": "chat.completion",
        "choices": [
          ["index": 0, "message": ["role": "assistant", "content": answer], "finish_reason": "stop"]
            as [String: Any]
        ],
        "usage": ["prompt_tokens": 1000, "completion_tokens": 20, "total_tokens": 1020],
      ], connection, fault)
  }

  /// - Returns: what is wrong with a request; nil where it is as the protocol has it.
  private func read(_ request: TestRequest) -> String? {
    guard request.headers["content-type"] == "application/json" else { return "content type" }
    guard let body = try? JSONSerialization.jsonObject(with: request.body) as? [String: Any] else {
      return "json"
    }
    guard body["model"] as? String == "seer" else { return "model" }
    guard body["max_tokens"] is Int, body["temperature"] is NSNumber else { return "settings" }
    let messages = body["messages"] as? [[String: Any]] ?? []
    guard messages.count == 1, messages[0]["role"] as? String == "user",
      let parts = messages[0]["content"] as? [[String: Any]], let text = parts.first?["text"] as? String
    else { return "messages" }
    var pictures: [Data] = []
    for part in parts.dropFirst() {
      let address = (part["image_url"] as? [String: Any])?["url"] as? String ?? ""
      let prefix = "data:image/jpeg;base64,"
      guard part["type"] as? String == "image_url", address.hasPrefix(prefix),
        let data = Data(base64Encoded: String(address.dropFirst(prefix.count))),
        data.starts(with: [0xFF, 0xD8]),
        data.suffix(2) == Data([0xFF, 0xD9])
      else { return "picture" }
      pictures.append(data)
    }
    state.withLock {
      $0.prompts.append(text)
      $0.pictures.append(pictures)
    }
    return nil
  }

  private func send(_ object: [String: Any], _ connection: Connection, _ fault: ServerFault? = nil) {
    let body = (try? JSONSerialization.data(withJSONObject: object)) ?? Data()
    connection.send(200, ["Content-Type": "application/json"], body, fault)
  }
}
