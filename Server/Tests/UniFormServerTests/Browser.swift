import Foundation
import Synchronization

/// A headless Chromium, driven over the pipe of its debugging protocol.
final class Browser: Sendable {
  /// Nil where there is none: tests that need it are skipped then.
  static let executable: String? = [
    "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome",
    "/usr/bin/chromium-headless-shell",
  ]
  .first { FileManager.default.isExecutableFile(atPath: $0) }

  private struct State {
    var nextID = 1
    var waiting: [Int: CheckedContinuation<Data, any Error>] = [:]
    var isClosed = false
    var complaints: [String] = []
  }

  private let state = Mutex(State())
  private let process: pid_t
  private let commands: FileHandle
  private let profile: URL

  /// - Parameter profile: an empty folder for what the browser keeps.
  init(profile: URL) throws {
    guard let executable = Self.executable else { throw BrowserError("there is no Chromium") }
    self.profile = profile
    let (toBrowser, fromBrowser) = (Pipe(), Pipe())
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    // The protocol reads from descriptor 3 and writes to 4. Both are first moved out of each other's way.
    let input = fcntl(toBrowser.fileHandleForReading.fileDescriptor, F_DUPFD, 20)
    let output = fcntl(fromBrowser.fileHandleForWriting.fileDescriptor, F_DUPFD, 20)
    defer {
      Foundation.close(input)
      Foundation.close(output)
    }
    posix_spawn_file_actions_adddup2(&actions, input, 3)
    posix_spawn_file_actions_adddup2(&actions, output, 4)
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
    // A group of its own, with which its helpers end: they would go on writing into the profile.
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP))
    let arguments = [
      executable, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
      "--hide-scrollbars",
      "--remote-debugging-pipe", "--user-data-dir=\(profile.path)", "--no-first-run", "--disable-extensions",
      "--autoplay-policy=no-user-gesture-required", "--use-fake-device-for-media-stream",
      "--use-fake-ui-for-media-stream", "about:blank",
    ]
    var pointers = arguments.map { strdup($0) } + [nil]
    defer { for pointer in pointers { free(pointer) } }
    var pid: pid_t = 0
    guard posix_spawn(&pid, executable, &actions, &attributes, &pointers, environ) == 0 else {
      throw BrowserError("Chromium does not start")
    }
    process = pid
    commands = toBrowser.fileHandleForWriting
    try toBrowser.fileHandleForReading.close()
    try fromBrowser.fileHandleForWriting.close()
    let answers = fromBrowser.fileHandleForReading
    Thread { [self] in read(answers) }.start()
  }

  deinit { close() }

  /// What the pages complained about: exceptions, and messages of the kind error.
  var complaints: [String] { state.withLock { $0.complaints } }

  func close() {
    kill(-process, SIGKILL)
    var status: Int32 = 0
    waitpid(process, &status, 0)
  }

  func page(_ url: String) async throws -> BrowserPage {
    struct Target: Decodable { let targetId: String }
    struct Session: Decodable { let sessionId: String }
    let target: Target = try await send("Target.createTarget", ["url": "about:blank"])
    let session: Session = try await send(
      "Target.attachToTarget", ["targetId": target.targetId, "flatten": true])
    let page = BrowserPage(browser: self, session: session.sessionId)
    try await page.enable()
    try await page.open(url)
    return page
  }

  func send<Result: Decodable>(
    _ method: String, _ parameters: [String: Any] = [:], session: String? = nil
  ) async throws -> Result {
    let id = state.withLock { state in
      defer { state.nextID += 1 }
      return state.nextID
    }
    var message: [String: Any] = ["id": id, "method": method, "params": parameters]
    message["sessionId"] = session
    let line = try JSONSerialization.data(withJSONObject: message) + Data([0])
    let answer = try await withCheckedThrowingContinuation { continuation in
      let isClosed = state.withLock { state in
        if !state.isClosed { state.waiting[id] = continuation }
        return state.isClosed
      }
      if isClosed { return continuation.resume(throwing: BrowserError("the browser has ended")) }
      try? commands.write(contentsOf: line)
    }
    return try JSONDecoder().decode(Result.self, from: answer)
  }

  private func read(_ answers: FileHandle) {
    var rest = Data()
    while true {
      let piece = answers.availableData
      if piece.isEmpty { break }
      rest += piece
      while let end = rest.firstIndex(of: 0) {
        take(rest[rest.startIndex..<end])
        rest = Data(rest[rest.index(after: end)...])
      }
    }
    let waiting = state.withLock { state in
      state.isClosed = true
      defer { state.waiting = [:] }
      return state.waiting.values
    }
    for continuation in waiting { continuation.resume(throwing: BrowserError("the browser has ended")) }
  }

  private func take(_ message: Data) {
    guard let object = try? JSONSerialization.jsonObject(with: message) as? [String: Any] else { return }
    if let id = object["id"] as? Int {
      let continuation = state.withLock { $0.waiting.removeValue(forKey: id) }
      if let error = object["error"] as? [String: Any] {
        continuation?.resume(throwing: BrowserError("\(error["message"] ?? "refused")"))
      } else {
        let result = (try? JSONSerialization.data(withJSONObject: object["result"] ?? [:])) ?? Data("{}".utf8)
        continuation?.resume(returning: result)
      }
    } else if let complaint = complaint(object) {
      state.withLock { $0.complaints.append(complaint) }
    }
  }

  private func complaint(_ event: [String: Any]) -> String? {
    let parameters = event["params"] as? [String: Any] ?? [:]
    switch event["method"] as? String {
    case "Runtime.exceptionThrown":
      let details = parameters["exceptionDetails"] as? [String: Any]
      let exception = details?["exception"] as? [String: Any]
      return "\(exception?["description"] ?? details?["text"] ?? "exception")"
    case "Log.entryAdded":
      let entry = parameters["entry"] as? [String: Any] ?? [:]
      // Refusals that a test provokes are the network's, not the page's.
      guard entry["level"] as? String == "error", entry["source"] as? String != "network" else { return nil }
      return "\(entry["text"] ?? "")"
    default: return nil
    }
  }
}

struct BrowserError: Error, CustomStringConvertible {
  let description: String
  init(_ description: String) { self.description = description }
}

/// The answer of a command that tells nothing.
struct Nothing: Decodable {}
