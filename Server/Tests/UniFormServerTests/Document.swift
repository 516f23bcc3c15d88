import Foundation
import Synchronization
import Testing

/// The document of the interface, as the server has it.
final class Document: Sendable {
  static let shared = try! Document()

  /// The statuses of each "METHOD path".
  let operations: [String: Set<Int>]
  /// Of each operation, the statuses that were answered so far.
  let seen = Mutex<[String: Set<Int>]>([:])

  init() throws {
    let file = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../../Sources/UniFormServer/Resources/openapi.json")
    let root = try JSONSerialization.jsonObject(with: Data(contentsOf: file)) as? [String: Any]
    let paths = try #require(root?["paths"] as? [String: [String: [String: Any]]])
    var operations: [String: Set<Int>] = [:]
    for (path, methods) in paths {
      for (method, operation) in methods {
        let statuses = try #require(operation["responses"] as? [String: Any]).keys.compactMap { Int($0) }
        operations["\(method.uppercased()) \(path)"] = Set(statuses)
      }
    }
    self.operations = operations
  }

  /// An answer that is not in it is an issue.
  func check(_ method: String, _ target: String, _ status: Int, sourceLocation: SourceLocation) throws {
    let path = String(target.prefix { $0 != "?" }).split(separator: "/", omittingEmptySubsequences: false)
    let method = method == "HEAD" ? "GET" : method
    let matching = operations.filter { key, _ in
      let parts = key.split(separator: " ")
      let pattern = parts[1].split(separator: "/", omittingEmptySubsequences: false)
      return parts[0] == method && pattern.count == path.count
        && zip(pattern, path).allSatisfy { $0.hasPrefix("{") || $0 == $1 }
    }
    // An address without a variable part is the more exact one.
    guard
      let (operation, statuses) = matching.min(by: {
        $0.key.count { $0 == "{" } < $1.key.count { $0 == "{" }
      })
    else {
      // An unknown address is not found, whatever it is.
      #expect(
        status == 404 || status == 405 || status == 403, "\(method) \(target)", sourceLocation: sourceLocation
      )
      return
    }
    seen.withLock { _ = $0[operation, default: []].insert(status) }
    #expect(
      statuses.contains(status), "\(method) \(target) answered \(status), which is not documented",
      sourceLocation: sourceLocation)
  }
}
