import Foundation
import HummingbirdCore

extension URI {
  /// The parts of the path, as the router sees them: it passes over empty ones.
  var components: [Substring] { path.split(separator: "/") }

  /// Whether the path is written in the one way that is answered: with no part empty, and nothing behind the last one.
  var isNormal: Bool { path == "/" + components.joined(separator: "/") }

  /// The values of the query, the first one of each name. A plus is a space, as in what forms send.
  var values: [String: String] {
    let pairs = (query ?? "").split(separator: "&").map { pair in
      let name = pair.prefix { $0 != "=" }
      let value = String(pair.dropFirst(name.count + 1)).replacing("+", with: " ")
      return (String(name), value.removingPercentEncoding ?? value)
    }
    return Dictionary(pairs, uniquingKeysWith: { first, _ in first })
  }
}
