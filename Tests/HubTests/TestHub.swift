import Foundation
import Synchronization

@testable import Hub

/// A hub on this machine that speaks HTTP over real sockets: `127.0.0.1` has the repository `org/model`, and sends
/// whoever wants a large file to `localhost`, another host at another port, as the public hub sends them to its
/// store. It has the faults that networks and hubs have, each when told so.
final class TestHub: Sendable {
  typealias Request = TestRequest
  typealias Fault = ServerFault

  /// What the hub is like.
  struct Character: Sendable {
    var files: [String: Data] = [:]
    var large: Set<String> = []
    var commit = String(repeating: "c0ffee00", count: 5)
    var token: String?
    /// The licence must be accepted first; the list of files is open to all.
    var isGated = false
    /// The list of files has sizes and hashes.
    var listsBlobs = true
    /// Small files are a redirect away, on the same host.
    var redirectsSmallFiles = false
    var listing: String?
    /// By path of the request: what goes wrong with the next ones.
    var faults: [String: [Fault]] = [:]
  }

  private struct State {
    var character: Character
    var requests: [Request] = []
    var active = 0
    var mostActive = 0
  }

  private let state: Mutex<State>
  private let hub: Listener
  private let store: Listener

  /// Proxies are for other machines.
  private static let isDirect = setenv("no_proxy", "127.0.0.1,localhost", 1) == 0

  init(_ character: Character) throws {
    guard Self.isDirect else { throw POSIXError(.ENOMEM) }
    state = Mutex(State(character: character))
    (hub, store) = (try Listener(), try Listener())
    hub.serve { [weak self] in self?.answer($0, isStore: false) }
    store.serve { [weak self] in self?.answer($0, isStore: true) }
  }

  deinit {
    hub.stop()
    store.stop()
  }

  var endpoint: URL { URL(string: "http://127.0.0.1:\(hub.port)")! }
  var requests: [Request] { state.withLock { $0.requests } }
  /// Large files under way at the same time.
  var mostActive: Int { state.withLock { $0.mostActive } }
  var commit: String { state.withLock { $0.character.commit } }

  func change(_ body: (inout Character) -> Void) { state.withLock { body(&$0.character) } }

  func forgetRequests() { state.withLock { $0.requests = [] } }

  /// No more connections are taken.
  func stop() {
    hub.stop()
    store.stop()
  }

  static func listingPath(_ revision: String = "main") -> String {
    "/api/models/org/model/revision/\(revision)"
  }
  func resolvePath(_ file: String) -> String { "/org/model/resolve/\(commit)/\(file)" }

  static func sha256(_ data: Data) -> String { digest(SHA256(), "", data) }
  static func gitBlob(_ data: Data) -> String { digest(SHA1(), "blob \(data.count)\0", data) }

  /// Each is computed once: without optimisation that takes longer than all the rest.
  private static func digest(_ hash: some BlockHash, _ header: String, _ data: Data) -> String {
    digests.withLock { known in
      if let digits = known[header]?[data] { return digits }
      var hash = hash
      hash.update(Array(header.utf8))
      hash.update(Array(data))
      let digits = hash.finish().map { String(format: "%02x", $0) }.joined()
      known[header, default: [:]][data] = digits
      return digits
    }
  }

  private static let digests = Mutex<[String: [Data: String]]>([:])

  // MARK: - Answers

  private func answer(_ connection: Connection, isStore: Bool) {
    guard var request = connection.request() else { return }
    request.isStore = isStore
    let (character, fault) = state.withLock { [request] state in
      state.requests.append(request)
      if isStore { state.active += 1 }
      state.mostActive = max(state.mostActive, state.active)
      let faults = state.character.faults[request.path] ?? []
      state.character.faults[request.path] = Array(faults.dropFirst())
      return (state.character, faults.first)
    }
    defer { if isStore { state.withLock { $0.active -= 1 } } }
    if case .status(let status, let headers) = fault { return connection.send(status, headers) }
    if case .together(let count, _) = fault {
      for _ in 0..<6_000 where mostActive < count { usleep(10_000) }
    }
    if isStore { return sendContent(character, request, fault, connection) }
    let authorization = request.headers["authorization"]
    if let token = character.token, authorization != "Bearer \(token)" { return connection.send(401) }
    let path = request.path
    if path.hasPrefix("/api/models/") { return sendListing(character, request, connection) }
    if character.isGated { return connection.send(403, ["X-Error-Code": "GatedRepo"]) }
    if path.hasPrefix("/api/resolve-cache/") { return sendContent(character, request, fault, connection) }
    let prefix = resolvePath("")
    guard path.hasPrefix(prefix) else { return connection.send(404, ["X-Error-Code": "RepoNotFound"]) }
    let name = String(path.dropFirst(prefix.count))
    guard let data = character.files[name.removingPercentEncoding ?? name] else {
      return connection.send(404, ["X-Error-Code": "EntryNotFound"])
    }
    var headers = ["X-Repo-Commit": character.commit]
    if character.large.contains(name) {
      headers["X-Linked-Etag"] = "\"\(Self.sha256(data))\""
      headers["X-Linked-Size"] = "\(data.count)"
      headers["Location"] = "http://localhost:\(store.port)/store/\(name)?signature=abc%2Fdef"
      connection.send(302, headers, Data("Found. Redirecting".utf8), isHead: request.method == "HEAD")
    } else if character.redirectsSmallFiles {
      headers["Location"] = "/api/resolve-cache/\(name)"
      connection.send(307, headers, Data("Temporary Redirect".utf8), isHead: request.method == "HEAD")
    } else {
      sendContent(character, request, fault, connection)
    }
  }

  private func sendListing(_ character: Character, _ request: Request, _ connection: Connection) {
    guard request.path.hasPrefix("/api/models/org/model/revision/") else {
      return connection.send(404, ["X-Error-Code": "RepoNotFound"])
    }
    guard ["main", "refs%2Fpr%2F1", character.commit].contains(where: request.path.hasSuffix) else {
      return connection.send(404, ["X-Error-Code": "RevisionNotFound"])
    }
    let siblings = character.files.sorted { $0.key < $1.key }.map { name, data -> [String: Any] in
      guard character.listsBlobs else { return ["rfilename": name] }
      var sibling: [String: Any] = ["rfilename": name, "size": data.count, "blobId": Self.gitBlob(data)]
      if character.large.contains(name) {
        sibling["lfs"] = ["sha256": Self.sha256(data), "size": data.count, "pointerSize": 134]
      }
      return sibling
    }
    let object: [String: Any] = ["id": "org/model", "sha": character.commit, "siblings": siblings]
    let body =
      character.listing.map { Data($0.utf8) } ?? (try? JSONSerialization.data(withJSONObject: object))
    connection.send(200, ["Content-Type": "application/json"], body ?? Data())
  }

  private func sendContent(
    _ character: Character, _ request: Request, _ fault: Fault?, _ connection: Connection
  ) {
    var name = request.path
    for prefix in ["/store/", "/api/resolve-cache/", resolvePath("")] where name.hasPrefix(prefix) {
      name.removeFirst(prefix.count)
    }
    guard var data = character.files[name.removingPercentEncoding ?? name] else {
      return connection.send(404)
    }
    var headers = ["X-Repo-Commit": character.commit, "ETag": "\"\(Self.gitBlob(data))\""]
    if case .wrongByte = fault { data[data.startIndex] ^= 1 }
    var status = 200
    let range = request.headers["range"]?.firstMatch(of: #/bytes=(\d+)-/#)
    var isIgnored = false
    if case .noRange = fault { isIgnored = true }
    if let first = range.flatMap({ Int($0.1) }), !isIgnored {
      guard first < data.count else { return connection.send(416) }
      headers["Content-Range"] = "bytes \(first)-\(data.count - 1)/\(data.count)"
      data = Data(data[first...])
      status = 206
    }
    connection.send(status, headers, data, isHead: request.method == "HEAD", fault)
  }
}
