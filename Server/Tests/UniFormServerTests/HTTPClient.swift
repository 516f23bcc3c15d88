import Foundation
import Synchronization
import Testing

/// What a server answered.
struct Reply: Sendable {
  let status: Int
  /// Names in lower case.
  let headers: [String: String]
  let body: Data

  var text: String { String(decoding: body, as: UTF8.self) }

  func json() throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: body) as? [String: Any], "\(text)")
  }

  /// The code of an error.
  var code: String? {
    let object = try? JSONSerialization.jsonObject(with: body) as? [String: Any]
    return (object?["error"] as? [String: Any])?["code"] as? String
  }
}

/// HTTP by hand, so that nothing is tidied on the way: hosts, origins and paths arrive as they are written here.
struct HTTPClient: Sendable {
  struct Failure: Error { let reason: String }

  let port: Int
  var headers: [String: String] = [:]

  /// Every answer has to be one that the document of the interface lists.
  func callAsFunction(
    _ method: String, _ target: String, headers extra: [String: String] = [:], body: Data = Data(),
    isDocumented: Bool = true, sourceLocation: SourceLocation = #_sourceLocation
  ) async throws -> Reply {
    let reply = try await onThread { try exchange(method, target, extra, body) }
    if isDocumented {
      try Document.shared.check(method, target, reply.status, sourceLocation: sourceLocation)
    }
    return reply
  }

  func json(
    _ method: String, _ target: String, _ fields: [String: Any] = [:], headers: [String: String] = [:],
    sourceLocation: SourceLocation = #_sourceLocation
  ) async throws -> Reply {
    let body = try JSONSerialization.data(withJSONObject: fields)
    return try await self(
      method, target, headers: headers.merging(["Content-Type": "application/json"]) { $1 }, body: body,
      sourceLocation: sourceLocation)
  }

  /// Reads events until `isLast`, each as its name and data.
  func events(
    _ target: String, headers: [String: String] = [:],
    until isLast: @escaping @Sendable (String, [String: Any]) -> Bool
  ) async throws -> [String] {
    try await onThread {
      let socket = try Socket(port: port)
      try socket.send(head("GET", target, headers, nil))
      var received = Data()
      var seen: [String] = []
      while let bytes = try socket.receive() {
        received.append(bytes)
        while let end = received.range(of: Data("\n\n".utf8)) {
          let block = String(decoding: received[..<end.lowerBound], as: UTF8.self)
          received = Data(received[end.upperBound...])
          guard let name = block.firstMatch(of: /event: (\w+)/)?.1,
            let data = block.firstMatch(of: /data: (.+)/)?.1,
            let object = try JSONSerialization.jsonObject(with: Data(data.utf8)) as? [String: Any]
          else { continue }
          seen.append(String(data))
          if isLast(String(name), object) { return seen }
        }
      }
      return seen
    }
  }

  /// Sends content in chunks, whose length is said nowhere.
  func chunked(
    _ target: String, headers: [String: String] = [:], body: Data,
    sourceLocation: SourceLocation = #_sourceLocation
  ) async throws -> Reply {
    let reply = try await onThread {
      let socket = try Socket(port: port)
      try socket.send(head("POST", target, headers.merging(["Transfer-Encoding": "chunked"]) { $1 }, nil))
      for start in stride(from: 0, to: body.count, by: 1 << 16) {
        let chunk = body.dropFirst(start).prefix(1 << 16)
        try socket.send(Data("\(String(chunk.count, radix: 16))\r\n".utf8) + chunk + Data("\r\n".utf8))
      }
      try socket.send(Data("0\r\n\r\n".utf8))
      return try Self.answer(on: socket, to: "POST", target)
    }
    try Document.shared.check("POST", target, reply.status, sourceLocation: sourceLocation)
    return reply
  }

  /// Says that `length` bytes come, sends one every tenth of a second, and waits for what is said about that.
  func drip(
    _ target: String, headers: [String: String] = [:], length: Int,
    sourceLocation: SourceLocation = #_sourceLocation
  ) async throws -> Reply {
    let reply = try await onThread {
      let socket = try Socket(port: port, patience: 0.1)
      try socket.send(head("POST", target, headers, length))
      var received = Data()
      for _ in 0..<length {
        try socket.send(Data("x".utf8))
        guard let bytes = try socket.receive() else { continue }
        received.append(bytes)
        if let reply = Self.reply(in: received, isHead: false) { return reply }
      }
      throw Failure(reason: "no answer to \(length) slow bytes")
    }
    try Document.shared.check("POST", target, reply.status, sourceLocation: sourceLocation)
    return reply
  }

  /// A connection on which an upload began that does not go on, for as long as it is kept.
  func stalledUpload() throws -> Socket {
    let socket = try Socket(port: port)
    try socket.send(head("POST", "/api/v1/uploads", [:], 1000) + Data("x".utf8))
    return socket
  }

  /// A connection on which events come that nobody reads.
  func watch(_ target: String) throws -> Socket {
    let socket = try Socket(port: port)
    try socket.send(head("GET", target, [:], nil))
    return socket
  }

  private func head(_ method: String, _ target: String, _ extra: [String: String], _ length: Int?) -> Data {
    var all = ["Host": "127.0.0.1:\(port)", "Connection": "close"].merging(headers) { $1 }.merging(extra) {
      $1
    }
    if let length, all["Content-Length"] == nil { all["Content-Length"] = "\(length)" }
    let lines = ["\(method) \(target) HTTP/1.1"] + all.map { "\($0): \($1)" }
    return Data((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8)
  }

  private func exchange(_ method: String, _ target: String, _ extra: [String: String], _ body: Data) throws
    -> Reply
  {
    let socket = try Socket(port: port)
    try socket.send(head(method, target, extra, method == "GET" ? nil : body.count) + body)
    return try Self.answer(on: socket, to: method, target)
  }

  private static func answer(on socket: Socket, to method: String, _ target: String) throws -> Reply {
    var received = Data()
    while let bytes = try socket.receive() {
      received.append(bytes)
      guard let reply = Self.reply(in: received, isHead: method == "HEAD") else { continue }
      return reply
    }
    guard let reply = Self.reply(in: received, isHead: method == "HEAD", isEnd: true) else {
      throw Failure(reason: "no whole answer to \(method) \(target): \(received.count) bytes")
    }
    return reply
  }

  private static func reply(in data: Data, isHead: Bool, isEnd: Bool = false) -> Reply? {
    guard let end = data.range(of: Data("\r\n\r\n".utf8)) else { return nil }
    let lines = String(decoding: data[..<end.lowerBound], as: UTF8.self).components(separatedBy: "\r\n")
    guard let status = Int(lines[0].split(separator: " ")[1]) else { return nil }
    var headers: [String: String] = [:]
    for line in lines.dropFirst() {
      let parts = line.split(separator: ":", maxSplits: 1)
      headers[parts[0].lowercased()] = parts.count > 1 ? parts[1].trimmingCharacters(in: .whitespaces) : ""
    }
    let body = Data(data[end.upperBound...])
    let length = isHead || status == 204 || status == 304 ? 0 : headers["content-length"].flatMap { Int($0) }
    guard let length else { return isEnd ? Reply(status: status, headers: headers, body: body) : nil }
    return body.count >= length ? Reply(status: status, headers: headers, body: body) : nil
  }
}

/// Runs what blocks on a thread of its own.
func onThread<Result: Sendable>(_ body: @escaping @Sendable () throws -> Result) async throws -> Result {
  try await withCheckedThrowingContinuation { continuation in
    Thread.detachNewThread { continuation.resume(with: Swift.Result { try body() }) }
  }
}

/// A connection to this machine.
final class Socket: Sendable {
  private let descriptor: Int32

  /// - Parameter patience: seconds that it waits for bytes.
  init(port: Int, patience: Double = 120) throws {
    #if os(Linux)
      descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    #else
      descriptor = socket(AF_INET, SOCK_STREAM, 0)
    #endif
    var limit = timeval(
      tv_sec: Int(patience), tv_usec: .init(patience.truncatingRemainder(dividingBy: 1) * 1e6))
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = UInt16(port).bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    let result = withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
    guard result == 0 else { throw HTTPClient.Failure(reason: "no connection") }
  }

  deinit { close(descriptor) }

  /// One that was closed by the other side ends no test.
  #if os(Linux)
    private static let flags = Int32(MSG_NOSIGNAL)
  #else
    private static let flags: Int32 = 0
  #endif

  /// A server that refuses early may stop reading; its answer tells why.
  func send(_ data: Data) throws {
    var rest = data[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Foundation.send(descriptor, $0.baseAddress, $0.count, Self.flags) }
      guard count > 0 else { return }
      rest = rest.dropFirst(count)
    }
  }

  func receive() throws -> Data? {
    var buffer = [UInt8](repeating: 0, count: 1 << 16)
    let count = read(descriptor, &buffer, buffer.count)
    return count > 0 ? Data(buffer[..<count]) : nil
  }
}
