public import Foundation
public import UniForm

/// A configuration as the user gave it: a file, and what the command line changes in it.
public struct TrainingFile: Sendable {
  public let subject: TrainingSubject
  private let json: Data
  private let source: String

  /// - Parameter overrides: `key=value` each; see ``ConfigurationOverride``.
  /// - Throws: `ConfigurationError`.
  public init(contentsOf url: URL, overrides: [ConfigurationOverride] = []) throws {
    source = url.path + (overrides.isEmpty ? "" : " with " + overrides.map(\.text).joined(separator: ", "))
    guard let data = try? Data(contentsOf: url) else {
      throw TrainingError("\(url.path): the configuration cannot be read", .missing)
    }
    guard var object = try? JSONSerialization.jsonObject(with: data) as? [String: Any] else {
      throw ConfigurationError("is no JSON object", source: url.path)
    }
    for override in overrides { try override.apply(to: &object, source: source) }
    let names = TrainingSubject.allCases.map(\.rawValue).joined(separator: ", ")
    guard let subject = (object["train"] as? String).flatMap(TrainingSubject.init) else {
      throw ConfigurationError("\"train\" must name what is trained: one of \(names)", source: source)
    }
    self.subject = subject
    json = try JSONSerialization.data(withJSONObject: object)
  }

  public func configuration<Configuration: JSONConfiguration>() throws -> Configuration {
    try Configuration(json: json, source: source)
  }
}

/// One setting from the command line: `optimization.learning_rate=1e-4`. The value is JSON, or else a string.
public struct ConfigurationOverride: Sendable, Equatable {
  public let text: String
  private let path: [String]
  private let value: String

  /// - Throws: `ConfigurationError` where there is no key or no value.
  public init(_ text: String) throws(ConfigurationError) {
    let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    let path = parts[0].split(separator: ".", omittingEmptySubsequences: false).map(String.init)
    guard parts.count == 2, !path.contains("") else {
      throw ConfigurationError("\"\(text)\" is no setting; write key=value, such as optimization.steps=1000")
    }
    self.text = text
    self.path = path
    value = String(parts[1])
  }

  func apply(to object: inout [String: Any], source: String) throws(ConfigurationError) {
    try set(path[...], in: &object, source: source)
  }

  private func set(
    _ path: ArraySlice<String>, in object: inout [String: Any], source: String
  ) throws(ConfigurationError) {
    let key = path.first!
    guard path.count > 1 else {
      object[key] = parsedValue
      return
    }
    guard var section = (object[key] ?? [String: Any]()) as? [String: Any] else {
      throw ConfigurationError("\"\(key)\" is no section", source: source)
    }
    try set(path.dropFirst(), in: &section, source: source)
    object[key] = section
  }

  private var parsedValue: Any {
    (try? JSONSerialization.jsonObject(with: Data(value.utf8), options: [.fragmentsAllowed])) ?? value
  }
}
