internal import Foundation

/// `org/name`, at a branch, tag or commit.
public struct RepositoryReference: Sendable, Equatable, CustomStringConvertible {
  /// `org/name`, or `name` alone for the oldest repositories.
  public let name: String
  public let revision: String

  /// - Parameter text: `org/name`, or `org/name@revision`; without one it is `main`.
  /// - Throws: `HubError.invalidReference`.
  public init(_ text: String) throws {
    let parts = text.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    name = parts[0]
    revision = parts.count > 1 ? parts[1] : "main"
    // What the hub allows; it also keeps both from leading out of the cache's folders.
    let word = #/[A-Za-z0-9._-]+/#
    let words = name.split(separator: "/", omittingEmptySubsequences: false)
    let isName =
      (1...2).contains(words.count) && name.count <= 96 && !name.contains("--") && !name.contains("..")
      && words.allSatisfy { $0.wholeMatch(of: word) != nil && !".-".contains($0.first!) }
    guard isName else {
      throw HubError.invalidReference("'\(name)' is no repository; write it as organisation/name")
    }
    guard revision.isSafePath, revision.wholeMatch(of: #/[A-Za-z0-9._/+@-]+/#) != nil, revision.count <= 200
    else { throw HubError.invalidReference("'\(revision)' is no branch, tag or commit of \(name)") }
  }

  public var description: String { revision == "main" ? name : "\(name)@\(revision)" }

  var isCommit: Bool { revision.isCommit }
}

extension String {
  /// All 40 digits.
  var isCommit: Bool { count == 40 && isLowercaseHexadecimal }

  var isLowercaseHexadecimal: Bool { !isEmpty && utf8.allSatisfy { "0123456789abcdef".utf8.contains($0) } }

  /// A relative path that stays below the folder it is appended to, whoever sent it.
  var isSafePath: Bool {
    let components = split(separator: "/", omittingEmptySubsequences: false)
    return components.allSatisfy { !["", ".", ".."].contains($0) }
      && !unicodeScalars.contains { $0.properties.generalCategory == .control || $0 == "\\" }
  }
}
