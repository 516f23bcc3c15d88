import Foundation

/// A tab.
struct BrowserPage: Sendable {
  let browser: Browser
  let session: String

  @discardableResult
  func send<Result: Decodable>(
    _ method: String, _ parameters: [String: Any] = [:], as type: Result.Type = Nothing.self
  ) async throws -> Result {
    try await browser.send(method, parameters, session: session)
  }

  func enable() async throws {
    for domain in ["Page", "Runtime", "Log", "DOM", "Network"] { try await send("\(domain).enable") }
  }

  func open(_ url: String) async throws {
    try await send("Page.navigate", ["url": url])
    try await wait(for: "document.readyState === 'complete' && location.href !== 'about:blank'")
  }

  func reload() async throws {
    try await send("Page.reload")
    try await Task.sleep(for: .milliseconds(200))
    try await wait(for: "document.readyState === 'complete'")
  }

  /// The value of an expression of JavaScript; promises are waited for.
  func value<Value: Decodable>(_ expression: String, as type: Value.Type = Value.self) async throws -> Value {
    let evaluation = try await send(
      "Runtime.evaluate", ["expression": expression, "awaitPromise": true, "returnByValue": true],
      as: Evaluation<Value>.self)
    guard let value = evaluation.result.value else {
      throw BrowserError("'\(expression)' gave nothing: \(evaluation.exceptionDetails?.text ?? "undefined")")
    }
    return value
  }

  func run(_ statement: String) async throws {
    _ = try await value("(async () => { \(statement); return true })()", as: Bool.self)
  }

  /// Waits until an expression is true. The limit is there for a page that hangs, and measures nothing.
  func wait(for condition: String, seconds: Double = 60) async throws {
    let end = Date.now.addingTimeInterval(seconds)
    while Date.now < end {
      if (try? await value("Boolean(\(condition))", as: Bool.self)) == true { return }
      try await Task.sleep(for: .milliseconds(50))
    }
    throw BrowserError("this never became true: \(condition)")
  }

  func click(_ selector: String) async throws {
    try await run("document.querySelector(\(quoted(selector))).click()")
  }

  /// Fills a field as somebody who types would.
  func type(_ text: String, into selector: String) async throws {
    try await run(
      """
      const field = document.querySelector(\(quoted(selector))); field.focus(); field.value = \(quoted(text));
      field.dispatchEvent(new Event("input", { bubbles: true }))
      """)
  }

  func press(_ key: String, code: Int) async throws {
    for type in ["keyDown", "keyUp"] {
      try await send(
        "Input.dispatchKeyEvent", ["type": type, "key": key, "code": key, "windowsVirtualKeyCode": code])
    }
  }

  func choose(_ file: URL, in selector: String) async throws {
    struct Document: Decodable {
      struct Node: Decodable { let nodeId: Int }
      let root: Node
    }
    struct Found: Decodable { let nodeId: Int }
    let document = try await send("DOM.getDocument", as: Document.self)
    let found = try await send(
      "DOM.querySelector", ["nodeId": document.root.nodeId, "selector": selector], as: Found.self)
    try await send("DOM.setFileInputFiles", ["nodeId": found.nodeId, "files": [file.path]])
  }

  func resize(width: Int, height: Int, isDark: Bool = false) async throws {
    try await send(
      "Emulation.setDeviceMetricsOverride",
      ["width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600])
    try await send(
      "Emulation.setEmulatedMedia",
      ["features": [["name": "prefers-color-scheme", "value": isDark ? "dark" : "light"]]])
  }

  /// A picture of what is to be seen, as PNG.
  func screenshot() async throws -> Data {
    struct Shot: Decodable { let data: Data }
    return try await send("Page.captureScreenshot", ["format": "png"], as: Shot.self).data
  }

  private func quoted(_ text: String) -> String {
    // A string of JSON is one of JavaScript.
    String(decoding: (try? JSONEncoder().encode(text)) ?? Data(), as: UTF8.self)
  }
}

/// What an expression gave.
private struct Evaluation<Value: Decodable>: Decodable {
  struct Result: Decodable { let value: Value? }
  struct Details: Decodable { let text: String }
  let result: Result
  let exceptionDetails: Details?
}
