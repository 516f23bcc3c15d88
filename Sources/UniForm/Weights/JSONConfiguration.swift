public import Foundation

/// A component's configuration as a `config.json`, with the field names of the published format.
///
/// Missing keys take the defaults of `init()`; unknown keys are errors, because a misspelt or newer field would
/// otherwise change nothing in silence.
public protocol JSONConfiguration: Codable, Sendable, Equatable {
  init()
  /// Keys of the published format that change nothing here, such as the version of the writer.
  static var ignoredKeys: Set<String> { get }
  /// Optional fields whose default is nil, which encoding leaves out.
  static var optionalKeys: Set<String> { get }
  /// Keys that hold objects whose own missing keys take defaults, too, and those of objects inside them.
  static var sections: Set<String> { get }
  /// Throws ``ConfigurationError`` for values that cannot work together.
  func validate() throws(ConfigurationError)
}

extension JSONConfiguration {
  public static var ignoredKeys: Set<String> { [] }
  public static var optionalKeys: Set<String> { [] }
  public static var sections: Set<String> { [] }
  public func validate() throws(ConfigurationError) {}

  /// Reads a `config.json`.
  public init(contentsOf url: URL) throws {
    let data: Data
    do {
      data = try Data(contentsOf: url)
    } catch {
      throw ConfigurationError("cannot be read; is this a model directory?", source: url.path)
    }
    try self.init(json: data, source: url.path)
  }

  /// Decodes JSON; `source` is named in errors.
  public init(json: Data, source: String) throws {
    guard let given = try? JSONSerialization.jsonObject(with: json) as? [String: Any] else {
      throw ConfigurationError("is no JSON object", source: source)
    }
    let encoder = JSONEncoder()
    let defaults = try JSONSerialization.jsonObject(with: encoder.encode(Self())) as? [String: Any] ?? [:]
    let known = Set(defaults.keys).union(Self.optionalKeys)
    let unknown = given.keys.filter {
      !known.contains($0) && !Self.ignoredKeys.contains($0) && !$0.hasPrefix("_")
    }
    if let key = unknown.min() {
      throw ConfigurationError(
        "unknown key \"\(key)\"; known are \(known.sorted().joined(separator: ", "))", source: source)
    }
    var merged = defaults.merging(given.filter { known.contains($0.key) && !($0.value is NSNull) }) { $1 }
    for key in Self.sections {
      guard let section = defaults[key] as? [String: Any], let values = given[key] as? [String: Any] else {
        continue
      }
      merged[key] = try Self.merge(values, into: section, path: key, source: source)
    }
    do {
      self = try JSONDecoder().decode(Self.self, from: JSONSerialization.data(withJSONObject: merged))
    } catch let error as DecodingError {
      // That it is JSON was seen above; numbers that no type holds fail as a whole, without their key.
      let huge = given.filter { ($0.value as? Double).map { abs($0) > 1e18 } == true }.keys.min()
      throw ConfigurationError(huge.map { "\"\($0)\" is too large" } ?? error.oneLine, source: source)
    }
    do {
      try validate()
    } catch {
      throw ConfigurationError(error.message, source: source)
    }
  }

  private static func merge(
    _ values: [String: Any], into defaults: [String: Any], path: String, source: String
  ) throws(ConfigurationError) -> [String: Any] {
    var merged = defaults
    for (name, value) in values where !(value is NSNull) {
      guard let known = defaults[name] else {
        throw ConfigurationError("unknown key \"\(path).\(name)\"", source: source)
      }
      if let section = known as? [String: Any], let inner = value as? [String: Any] {
        merged[name] = try merge(inner, into: section, path: "\(path).\(name)", source: source)
      } else {
        merged[name] = value
      }
    }
    return merged
  }

  /// Pretty JSON with sorted keys, as written into a model directory.
  public func json() throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return try encoder.encode(self)
  }
}

/// A configuration that cannot work: what and where, in one line.
public struct ConfigurationError: Error, Sendable, Equatable, CustomStringConvertible {
  public let message: String
  public let source: String

  public init(_ message: String, source: String = "configuration") {
    self.message = message
    self.source = source
  }

  public var description: String { "\(source): \(message)" }
}

extension DecodingError {
  /// The key path and what was wrong with it.
  package var oneLine: String {
    func path(_ context: Context, _ last: (any CodingKey)? = nil) -> String {
      (context.codingPath + (last.map { [$0] } ?? []))
        .map { $0.intValue.map { "[\($0)]" } ?? $0.stringValue }.joined(separator: ".")
    }
    switch self {
    case .typeMismatch(let type, let context): return "\"\(path(context))\" must be of type \(type)"
    case .valueNotFound(let type, let context): return "\"\(path(context))\" must be \(type), not null"
    case .keyNotFound(let key, let context): return "\"\(path(context, key))\" is missing"
    case .dataCorrupted(let context) where context.codingPath.isEmpty:
      return "cannot be decoded: \(context.debugDescription)"
    case .dataCorrupted(let context): return "\"\(path(context))\" \(context.debugDescription)"
    @unknown default: return "cannot be decoded"
    }
  }
}
