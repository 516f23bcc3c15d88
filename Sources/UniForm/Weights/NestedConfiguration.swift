import Foundation

extension KeyedDecodingContainer {
  /// A configuration inside a configuration, under the same rules: missing keys take their defaults, unknown keys
  /// are errors. `ignoring` names keys that only the enclosing format knows.
  func configuration<Configuration: JSONConfiguration>(
    _ type: Configuration.Type = Configuration.self, forKey key: Key, ignoring: Set<String> = []
  ) throws -> Configuration {
    let fields = try decode([String: JSONValue].self, forKey: key).filter { !ignoring.contains($0.key) }
    do {
      return try Configuration(json: JSONEncoder().encode(fields), source: key.stringValue)
    } catch let error as ConfigurationError {
      throw DecodingError.dataCorruptedError(
        forKey: key, in: self, debugDescription: "cannot be used: \(error.message)")
    }
  }
}

/// Any JSON, until its type is known.
private enum JSONValue: Codable {
  case null
  case bool(Bool)
  case number(Double)
  case string(String)
  case array([JSONValue])
  case object([String: JSONValue])

  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    if container.decodeNil() {
      self = .null
    } else if let value = try? container.decode(Bool.self) {
      self = .bool(value)
    } else if let value = try? container.decode(Double.self) {
      self = .number(value)
    } else if let value = try? container.decode(String.self) {
      self = .string(value)
    } else if let value = try? container.decode([JSONValue].self) {
      self = .array(value)
    } else {
      self = .object(try container.decode([String: JSONValue].self))
    }
  }

  func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .null: try container.encodeNil()
    case .bool(let value): try container.encode(value)
    case .number(let value): try container.encode(value)
    case .string(let value): try container.encode(value)
    case .array(let value): try container.encode(value)
    case .object(let value): try container.encode(value)
    }
  }
}
