internal import Foundation

/// The body of a request to `chat/completions`.
struct ChatRequest: Encodable {
  struct Message: Encodable {
    let role = "user"
    let content: [Part]
  }

  enum Part: Encodable {
    case text(String)
    case jpeg(Data)

    private enum CodingKeys: String, CodingKey {
      case type, text, url
      case imageURL = "image_url"
    }

    func encode(to encoder: any Encoder) throws {
      var part = encoder.container(keyedBy: CodingKeys.self)
      switch self {
      case .text(let text):
        try part.encode("text", forKey: .type)
        try part.encode(text, forKey: .text)
      case .jpeg(let data):
        try part.encode("image_url", forKey: .type)
        var image = part.nestedContainer(keyedBy: CodingKeys.self, forKey: .imageURL)
        try image.encode("data:image/jpeg;base64,\(data.base64EncodedString())", forKey: .url)
      }
    }
  }

  let model: String
  let messages: [Message]
  let temperature: Double
  let maximumTokens: Int
  /// The same request gets the same answer, from servers that can.
  let seed = 0

  enum CodingKeys: String, CodingKey {
    case model, messages, temperature, seed
    case maximumTokens = "max_tokens"
  }

  func json() throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return try encoder.encode(self)
  }
}

/// What of an answer matters.
struct ChatReply: Decodable {
  struct Choice: Decodable {
    let message: Message
    let finish_reason: String?
  }
  /// Some servers answer with a list of parts.
  struct Message: Decodable {
    let text: String

    private enum CodingKeys: String, CodingKey { case content }
    private struct Part: Decodable { let text: String? }

    init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: CodingKeys.self)
      if let parts = try? container.decode([Part].self, forKey: .content) {
        text = parts.compactMap(\.text).joined(separator: " ")
      } else {
        text = try container.decodeIfPresent(String.self, forKey: .content) ?? ""
      }
    }
  }

  /// Numbers that make no sense are none: what was said counts.
  struct Usage: Decodable {
    let prompt: Int?
    let completion: Int?

    private enum CodingKeys: String, CodingKey {
      case prompt = "prompt_tokens"
      case completion = "completion_tokens"
    }

    init(from decoder: any Decoder) throws {
      let container = try decoder.container(keyedBy: CodingKeys.self)
      func count(_ key: CodingKeys) -> Int? {
        guard let number = try? container.decode(Double.self, forKey: key), (0...1e9).contains(number) else {
          return nil
        }
        return Int(number)
      }
      (prompt, completion) = (count(.prompt), count(.completion))
    }
  }

  let choices: [Choice]
  let usage: Usage?

  private enum CodingKeys: String, CodingKey { case choices, usage }

  init(from decoder: any Decoder) throws {
    let container = try decoder.container(keyedBy: CodingKeys.self)
    choices = try container.decode([Choice].self, forKey: .choices)
    usage = try? container.decode(Usage.self, forKey: .usage)
  }
}

/// `GET models`
struct ModelList: Decodable {
  struct Model: Decodable { let id: String }
  let data: [Model]
}

/// What servers say about a request that failed: `{"error": {"message": …}}`, `{"error": …}` or `{"message": …}`.
enum ChatFailure {
  static func message(_ body: Data) -> String {
    let object = (try? JSONSerialization.jsonObject(with: body)) as? [String: Any] ?? [:]
    let error = object["error"] as? [String: Any]
    let text = error?["message"] ?? object["error"] ?? object["message"] ?? object["detail"]
    return (text as? String).flatMap(CaptionText.cleaned).map { String($0.prefix(200)) } ?? ""
  }
}
